// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Rule } from '@wgq/model/operation'
import type { Finding } from './finding.ts'
import { isFullTunnel, type Subject } from './subject.ts'

/**
 * Detects programs that manage the network outside the tunnel and are known to remove parts of it, by their files in
 * `root`/run and their configuration in `root`/etc. Read only.
 */
export const checkManagers = async (subject: Subject, root = '/'): Promise<Finding[]> => {
  const gone = await missingRules(subject)
  return [
    ...gone,
    ...networkd(subject, root, gone.length > 0),
    ...(await networkManager(subject, root)),
    ...firewalld(subject, root),
  ]
}

/**
 * Checks the rule that sends every unmarked packet into the tunnel's table; without it a full tunnel carries nothing.
 */
const missingRules = async (subject: Subject): Promise<Finding[]> => {
  const { device, host, inOneNetwork, config } = subject
  if (!inOneNetwork || device.fwmark === 0 || setsTableOrMark(config)) return []
  const findings: Finding[] = []
  for (const family of [4, 6] as const) {
    if (!isFullTunnel(subject, family)) continue
    if ((await host.addresses(device.name, family)).length === 0) continue
    const rules = await host.rules(family)
    if (rules.some((rule) => sends(rule, device.fwmark))) continue
    findings.push({
      check: 'rule',
      status: 'problem',
      message: `no IPv${family} rule sends packets without the mark 0x${device.fwmark.toString(16)} into ${device.name}: they go outside of the tunnel`,
      hint: `\`wgq reload ${device.name}\` puts it back; another program took it away`,
    })
  }
  return findings
}

/** With a custom table or mark, the administrator also creates the rules. */
const setsTableOrMark = (config: string | undefined): boolean =>
  config === undefined || /^\s*(table\s*=\s*(?!auto\s*$)|fwmark\s*=)/im.test(config)

const sends = (rule: Rule, mark: number): boolean => rule.notFwmark === mark && rule.table !== 0

const networkd = (subject: Subject, root: string, rulesAreGone: boolean): Finding[] => {
  if (!existsSync(join(root, 'run/systemd/netif')) || (subject.device.fwmark === 0 && !rulesAreGone))
    return []
  if (![4, 6].some((family) => isFullTunnel(subject, family as 4 | 6))) return []
  const text = dropIns(root, 'systemd/networkd.conf')
  const manages = (key: string) => !/=\s*(no|false|off|0)\s*$/i.test(lastOf(text, key))
  const keys = ['ManageForeignRoutingPolicyRules', 'ManageForeignRoutes'].filter(manages)
  if (keys.length === 0) return []
  return [
    {
      check: 'networkd',
      status: rulesAreGone ? 'warning' : 'info',
      message: `systemd-networkd runs and removes rules and routes that are not its own (${keys.join(', ')})`,
      hint: `/etc/systemd/networkd.conf.d/wireguard.conf: [Network] with the lines ${keys.map((key) => `${key}=no`).join(' and ')}; then: systemctl restart systemd-networkd && wgq reload ${subject.device.name}`,
    },
  ]
}

const networkManager = async (
  { device, host, inOneNetwork, config }: Subject,
  root: string,
): Promise<Finding[]> => {
  if (!inOneNetwork || !existsSync(join(root, 'run/NetworkManager/NetworkManager.pid'))) return []
  const unmanaged = lastOf(
    dropIns(root, 'NetworkManager/NetworkManager.conf', 'NetworkManager/conf.d'),
    'unmanaged-devices',
  )
  if (namesInterface(unmanaged, device.name)) return []
  const lost = /^\s*address\s*=/im.test(config ?? '') && (await host.addresses(device.name)).length === 0
  return [
    {
      check: 'networkmanager',
      status: lost ? 'warning' : 'info',
      message: `NetworkManager manages ${device.name}: \`nmcli networking off\` and \`nmcli device disconnect\` take its addresses and routes away`,
      hint: `/etc/NetworkManager/conf.d/wireguard.conf: [keyfile] with the line unmanaged-devices=interface-name:${device.name}; then: systemctl reload NetworkManager${lost ? ` && wgq reload ${device.name}` : ''}`,
    },
  ]
}

const namesInterface = (line: string, name: string): boolean =>
  [...line.matchAll(/interface-name:(=|~)?([^;,\s]+)/g)].some(([, how, pattern = '']) =>
    how === '=' ? pattern === name : glob(pattern).test(name),
  )

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/\?/g, '.')}$`,
  )

/**
 * firewalld looks up the reverse path without the mark, so answers from an IPv6 endpoint appear to use the wrong
 * interface.
 */
const firewalld = (subject: Subject, root: string): Finding[] => {
  if (!existsSync(join(root, 'run/firewalld.pid')) || !subject.inOneNetwork || !isFullTunnel(subject, 6))
    return []
  if (!subject.ways.some(({ endpoint }) => endpoint.family === 6)) return []
  const set =
    /=\s*(\S+)/.exec(lastOf(textOf(join(root, 'etc/firewalld/firewalld.conf')), 'IPv6_rpfilter'))?.[1] ??
    'yes'
  if (/^(no|false|loose|loose-forward)$/i.test(set)) return []
  return [
    {
      check: 'firewalld',
      status: 'warning',
      message: `firewalld runs with IPv6_rpfilter=${set}: it drops answers of an IPv6 endpoint in a full tunnel`,
      hint: '/etc/firewalld/firewalld.conf: IPv6_rpfilter=no; then: systemctl restart firewalld',
    },
  ]
}

/** The last line that begins with an assignment to `key`. */
const lastOf = (text: string, key: string): string =>
  text
    .split('\n')
    .filter((line) => new RegExp(`^\\s*${key}\\s*\\+?=`, 'i').test(line))
    .at(-1) ?? ''

/** A file and its drop-ins below etc, run and usr/lib, in order of precedence: main file first, then by name. */
const dropIns = (root: string, file: string, folder = `${file}.d`): string => {
  const found = new Map<string, string>()
  for (const place of ['usr/lib', 'run', 'etc'])
    for (const name of listing(join(root, place, folder)))
      if (name.endsWith('.conf')) found.set(name, join(root, place, folder, name))
  const paths = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path)
  return [join(root, 'etc', file), ...paths].map(textOf).join('\n')
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const listing = (path: string): string[] => {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
