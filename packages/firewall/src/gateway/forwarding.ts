// SPDX-License-Identifier: MIT
import type { Host, LinkAddress } from '@wgq/model/host'
import type { Op } from '@wgq/model/operation'
import type { FilterTools } from '../tools.ts'

/** The routes and links of the gateway's machine. */
interface GatewayHost {
  readonly host: Pick<Host, 'routes' | 'links'>
}

/** A kernel setting that a gateway needs. */
export interface ForwardingNeed {
  readonly key: string
  readonly value: string
}

/** Kernel settings that forward these families, and keep uplinks that depend on router advertisements. */
export const forwardingNeeds = async (
  { host, readSysctl }: GatewayHost & Pick<FilterTools, 'readSysctl'>,
  addresses: readonly Pick<LinkAddress, 'cidr'>[],
): Promise<ForwardingNeed[]> => {
  const has = (family: 4 | 6): boolean => addresses.some(({ cidr }) => cidr.family === family)
  const needs: ForwardingNeed[] = []
  if (has(4)) needs.push({ key: 'net.ipv4.ip_forward', value: '1' })
  if (!has(6) || readSysctl('net.ipv6.conf.all.forwarding') === undefined) return needs
  // A router ignores router advertisements unless accept_ra is 2: the uplink would lose its address and route.
  const routes = await host.routes({ family: 6 })
  const uplinks = new Set(
    routes.flatMap(({ dst, dev, protocol }) =>
      dst.prefixLength === 0 && dev !== undefined && protocol === routerAdvertisement ? [dev] : [],
    ),
  )
  for (const dev of uplinks) {
    const key = `net/ipv6/conf/${dev}/accept_ra`
    if (['1', '2'].includes(readSysctl(key) ?? '')) needs.push({ key, value: '2' })
  }
  return [...needs, { key: 'net.ipv6.conf.all.forwarding', value: '1' }]
}

/** RTPROT_RA */
const routerAdvertisement = 9

/**
 * The operations for settings that are not set yet, or that another tunnel set. `others` are the inverses in other
 * tunnels' journals: the original value passes from one to the next.
 */
export const planForwarding = (
  { readSysctl }: Pick<FilterTools, 'readSysctl'>,
  needs: readonly ForwardingNeed[],
  others: readonly Op[],
): Op[] =>
  needs.flatMap(({ key, value }) => {
    const now = readSysctl(key)
    const first = others.find((op) => op.do === 'forwarding.unset' && op.key === key)
    const previous = first?.do === 'forwarding.unset' ? first.value : now
    if (previous === undefined || (now === value && first === undefined)) return []
    return [{ do: 'forwarding.set' as const, key, value, previous }]
  })

/**
 * Why a value stays although the last tunnel that needed it is removed: another tunnel has noted it, or a bridge for
 * containers or virtual machines exists that needs it too. Undefined if nothing needs it.
 */
export const stillNeeded = async (
  { host }: GatewayHost,
  key: string,
  others: readonly Op[],
): Promise<string | undefined> => {
  if (others.some((op) => op.do === 'forwarding.unset' && op.key === key)) return 'another tunnel'
  if (key.includes('accept_ra')) return undefined
  const links = await host.links()
  return links.find(({ name }) => containerBridge.test(name))?.name
}

const containerBridge = /^(?:docker\d|br-[0-9a-f]{12}$|podman\d|cni|virbr\d|lxcbr\d|lxdbr\d|incusbr\d)/
