// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { readConfigFile } from '@wgq/config/config-file'
import { readFilterTables } from '@wgq/firewall/filter-tables'
import type { Device, Peer } from '@wgq/model/device'
import { isWgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'
import { UapiDevices } from '@wgq/uapi/client'
import { configPathOf } from '../observe/config-path.ts'
import { nameMap, namesOf } from '../observe/tunnels.ts'
import { checkRoutes } from './allowed-ip-routes.ts'
import { dataPlane } from './data-plane.ts'
import { type Filters, listingOf, readFilters } from './filter/read-filters.ts'
import type { Finding } from './finding.ts'
import { checkHandshake } from './handshake.ts'
import { checkIpv6Off } from './ipv6-off.ts'
import { checkLink } from './link.ts'
import { checkListening } from './listening.ts'
import { checkNames } from './name-resolution.ts'
import { checkManagers } from './other-managers.ts'
import { checkMtu, checkOuterWays, outerWays } from './outer-ways.ts'
import { checkFlowtables, checkForwarding, checkPort } from './packet-filter.ts'
import { checkPathMtu } from './path-mtu.ts'
import { checkReversePath } from './reverse-path.ts'
import { checkRuleOrder } from './rule-order.ts'
import type { Subject } from './subject.ts'

/**
 * Runs all checks of doctor on one device. Encrypted packets leave through `outside`; the interface is in `host`, where
 * names are resolved with `resolvConf`. `probesMtu` sends packets to the endpoints.
 */
export const examine = async (
  device: Device,
  outside: Host,
  host: Host,
  { resolvConf, probesMtu = false }: { readonly resolvConf?: string; readonly probesMtu?: boolean } = {},
): Promise<Finding[]> => {
  const subject = await subjectOf(device, outside, host)
  const { link, label, ways } = subject
  return [
    ...dataPlane(device, link?.kind),
    ...checkLink(link, device, link ? (await host.addresses(device.name)).length : 0),
    ...(link ? checkListening(device, link) : []),
    ...(device.privateKey || device.publicKey ? [] : [noKey]),
    ...(device.peers.length === 0
      ? [noPeers]
      : device.peers.flatMap((peer) =>
          checkHandshake(peer, label(peer), subject.nowSeconds, subject.health?.get(peer.publicKey)),
        )),
    ...(await checkOuterWays(outside, ways, device, label)),
    ...(link ? await checkMtu(outside, ways, device, link, subject.config) : []),
    ...(probesMtu ? await checkPathMtu(subject) : []),
    ...(link?.up ? await checkRoutes(host, device, label) : []),
    ...(process.platform === 'linux' && link ? await linuxFindings(subject) : []),
    ...(await checkNames(subject, resolvConf)),
  ]
}

const linuxFindings = async (subject: Subject): Promise<Finding[]> => {
  const listing = listingOf(await readFilterTables())
  let filters: Filters | undefined
  const lazily = (): Filters => {
    filters ??= readFilters(listing)
    return filters
  }
  const restoresMark = async (): Promise<boolean> =>
    (listing('nft', ['list', 'ruleset']) ?? '').includes('meta mark set ct mark') ||
    (listing('iptables-save', ['-t', 'mangle']) ?? '').includes('--restore-mark')
  return [
    ...(await checkManagers(subject)),
    ...checkIpv6Off(subject, readSysctl),
    ...(await checkRuleOrder(subject)),
    ...(await checkReversePath(subject, readSysctl, restoresMark)),
    ...(await checkPort(subject, lazily)),
    ...(await checkForwarding(subject, readSysctl, lazily)),
    ...checkFlowtables(subject, lazily),
  ]
}

const subjectOf = async (device: Device, outside: Host, host: Host): Promise<Subject> => {
  const names = nameMap(namesOf(device.name))
  return {
    device,
    host,
    outside,
    inOneNetwork: host === outside,
    link: await host.link(device.name),
    label: ({ publicKey }: Peer) => `peer ${names.get(publicKey) ?? `${publicKey.slice(0, 12)}…`}`,
    ways: await outerWays(outside, device),
    health: device.counters ? await new UapiDevices().health(device.name) : undefined,
    nowSeconds: Math.floor(Date.now() / 1000),
    config: configOf(device.name),
  }
}

const configOf = (name: string): string | undefined => {
  try {
    return readConfigFile(configPathOf(name)).text
  } catch (error) {
    if (isWgqError(error)) return undefined
    throw error
  }
}

const readSysctl = (key: string): string | undefined => {
  // A dot in an interface name is a slash in the name of its sysctl.
  const [, before, name, after] = /^(net\.ipv[46]\.conf)\.(.+)\.([a-z_]+)$/.exec(key) ?? []
  const path =
    before === undefined ? key.replaceAll('.', '/') : `${before.replaceAll('.', '/')}/${name}/${after}`
  try {
    return readFileSync(`/proc/sys/${path}`, 'latin1').trim()
  } catch {
    return undefined
  }
}

const noKey: Finding = {
  check: 'key',
  status: 'problem',
  message: 'no private key is set: nothing is sent or answered',
  hint: 'set PrivateKey in the [Interface] section; `wgq genkey` makes one',
}
const noPeers: Finding = {
  check: 'peers',
  status: 'warning',
  message: 'there are no peers',
  hint: 'add a [Peer] section',
}
