// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import { bootLosses, bootRoutes, searchDomains, tableNumber } from './bsd-routes.ts'
import type { Converted, Tunnel } from './tunnel.ts'
import { ofFamily, printTunnel } from './tunnel.ts'

/** Files that bring a tunnel up at boot on FreeBSD without wg-quick. */
interface RcFiles {
  /** Lines for /etc/rc.conf. */
  readonly rcConf: string
  /** /etc/start_if.NAME, which runs before the interface is configured. */
  readonly startIf: string
  /** Input of `wg setconf`; contains the keys. */
  readonly wgConfig: string
}

// Maximum value of net.fibs (route(4) of FreeBSD counts them in 16 bits).
const mostTable = 65535

/**
 * Writes rc.conf(5) lines, the start script and the configuration for wg(8), which is part of FreeBSD's base system.
 */
export const printRcConf = (tunnel: Tunnel): Converted<RcFiles> => {
  const { name } = tunnel
  const isNumbered = /^wg[0-9]+$/.test(name)
  const clone = isNumbered ? name : 'wg0'
  const variable = name.replace(/[^A-Za-z0-9_]/g, '_')
  const routes = bootRoutes(tunnel).map((route, i) => ({ ...route, id: `${variable}_${i}` }))
  const of = (family: 4 | 6) => routes.filter((route) => route.family === family)
  const addresses = (family: 4 | 6) => ofFamily(tunnel.addresses, family).map(formatCidr)
  const mtu = tunnel.mtu === undefined ? '' : ` mtu ${tunnel.mtu}`
  const [ip4, ...moreIp4] = addresses(4)
  const [ip6, ...moreIp6] = addresses(6)
  const aliases = [...moreIp4.map((each) => `inet ${each}`), ...moreIp6.map((each) => `inet6 ${each}`)]
  const lost = bootLosses(tunnel)
  const table = tableNumber(tunnel, mostTable, lost)
  const fib = table === undefined ? '' : ` -fib ${table}`
  const lines = [
    '# Lists such as cloned_interfaces and static_routes are to be merged with those that are there.',
    `cloned_interfaces="${clone}"`,
    ...(isNumbered ? [] : [`ifconfig_${clone}_name="${name}"`]),
    `ifconfig_${variable}="${ip4 === undefined ? 'up' : `inet ${ip4}`}${mtu}"`,
    ...(ip6 === undefined ? [] : [`ifconfig_${variable}_ipv6="inet6 ${ip6}"`]),
    ...aliases.map((alias, i) => `ifconfig_${variable}_alias${i}="${alias}"`),
    ...(of(4).length > 0
      ? [
          `static_routes="${of(4)
            .map(({ id }) => id)
            .join(' ')}"`,
        ]
      : []),
    ...of(4).map(({ id, dst }) => `route_${id}="-net ${dst}${fib} -interface ${name}"`),
    ...(of(6).length > 0
      ? [
          `ipv6_static_routes="${of(6)
            .map(({ id }) => id)
            .join(' ')}"`,
        ]
      : []),
    ...of(6).map(({ id, dst }) => `ipv6_route_${id}="${dst}${fib} -interface ${name}"`),
  ]
  return {
    result: { rcConf: `${lines.join('\n')}\n`, startIf: startScript(tunnel), wgConfig: wgConfig(tunnel) },
    lost,
  }
}

const startScript = (tunnel: Tunnel): string => {
  const { name, dnsServers } = tunnel
  const dnsSearch = searchDomains(tunnel)
  const lines = [`wg setconf ${name} /etc/wireguard/${name}.wg`]
  const records = [
    ...dnsServers.map((server) => `nameserver ${server}`),
    ...(dnsSearch.length > 0 ? [`search ${dnsSearch.join(' ')}`] : []),
  ]
  if (dnsServers.length > 0)
    lines.push(
      `printf '%s\\n' ${records.map((record) => `'${record}'`).join(' ')} | resolvconf -a ${name} -x`,
    )
  return `${lines.join('\n')}\n`
}

/** The configuration reduced to what wg(8) supports. */
const wgConfig = (tunnel: Tunnel): string =>
  printTunnel({
    ...tunnel,
    addresses: [],
    dnsServers: [],
    dnsSearch: [],
    hooks: [],
    mtu: undefined,
    table: undefined,
  })
