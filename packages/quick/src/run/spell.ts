// SPDX-License-Identifier: MIT

import { isSplit, splitManager } from '@wgq/dns/act'
import { backupPath } from '@wgq/dns/file'
import { formatCidr } from '@wgq/model/cidr'
import type { Op, Rule } from '@wgq/model/operation'
import { spellChange } from './spell-change.ts'

/**
 * The words that a user would type for an operation, as wg-quick prints them after `[#] `: joined by single spaces,
 * without quoting (spec wg-quick §1.3). Undefined for what wg-quick does silently. Never contains secrets.
 */
export const spell = (op: Op): string | undefined => {
  switch (op.do) {
    case 'link.add':
      return `ip link add dev ${op.name} type wireguard`
    case 'link.delete':
      return `ip link delete dev ${op.name}`
    case 'link.move':
      return `ip link set dev ${op.name} netns ${op.netns}`
    case 'daemon.start':
      return `${op.program} ${op.name}`
    case 'daemon.stop':
      return `rm -f /var/run/wireguard/${op.name}.sock`
    case 'device.configure':
      return `wg addconf ${op.name} ${pseudoFile}`
    case 'device.fwmark':
      return `wg set ${op.name} fwmark ${op.fwmark}`
    case 'address.add':
      return `ip -${op.family} address add ${op.address} dev ${op.dev}`
    case 'address.delete':
      return `ip -${op.family} address delete ${op.address} dev ${op.dev}`
    case 'link.up':
      return `ip link set mtu ${op.mtu} up dev ${op.dev}`
    case 'device.change':
      return spellChange(op.name, op.change).join('\n')
    case 'floor.add':
    case 'floor.delete':
      return `ip -${op.family} route ${op.do.slice(6)} unreachable default table ${op.table} metric 4294967295`
    case 'link.down':
      return `ip link set down dev ${op.dev}`
    case 'route.add':
    case 'route.delete': {
      const table = op.table === undefined ? '' : ` table ${op.table}`
      const metric = op.do === 'route.add' || op.metric === undefined ? '' : ` metric ${op.metric}`
      return `ip -${op.dst.family} route ${op.do.slice(6)} ${formatCidr(op.dst)} dev ${op.dev}${table}${metric}`
    }
    case 'rule.add':
      return `ip -${op.rule.family} rule add ${selector(op.rule)}`
    case 'rule.delete':
      // Upstream names the table only; wgq deletes exactly the rule it means (spec wg-quick §7.1).
      return `ip -${op.rule.family} rule delete ${selector(onlyTable(op.rule))}`
    case 'sysctl.set':
    case 'forwarding.set':
    case 'forwarding.unset':
      return `sysctl -q ${op.key}=${op.value}`
    case 'firewall.load':
    case 'firewall.unload':
      return op.tool === 'nft' ? `nft -f ${pseudoFile}` : `${op.tool} -n`
    case 'killswitch.on':
    case 'killswitch.off':
    case 'aside.on':
    case 'aside.off':
    case 'gateway.on':
    case 'gateway.off':
      return `nft -f ${pseudoFile}`
    case 'hook.run':
      return op.command
    case 'dns.set':
    case 'dns.unset':
      return spellDns(op)
  }
}

/** What upstream's process substitution looks like in its lines; scripts rely on it (spec wg-quick §21). */
const pseudoFile = '/dev/fd/63'

const selector = (rule: Rule): string => {
  const mark =
    rule.notFwmark !== undefined
      ? `not fwmark ${rule.notFwmark} `
      : rule.fwmark !== undefined
        ? `fwmark ${rule.fwmark} `
        : ''
  const suppress =
    rule.suppressPrefixLength === undefined ? '' : ` suppress_prefixlength ${rule.suppressPrefixLength}`
  const { to, uidRange } = rule.selectors ?? {}
  const exception = to ? `to ${formatCidr(to)} ` : uidRange ? `uidrange ${uidRange.join('-')} ` : ''
  return `${mark}${exception}table ${rule.table}${suppress}`
}

const onlyTable = ({ notFwmark: _, ...rule }: Rule): Rule => rule

/** A manager is `resolvconf:PREFIX`, `resolvectl` or `file:PATH` (dns/manager.ts). */
const spellDns = (op: Extract<Op, { do: 'dns.set' | 'dns.unset' }>): string => {
  const { dev } = op
  const [kind, detail] = splitManager(op.manager)
  if (op.do === 'dns.unset') {
    if (kind === 'resolvconf') return `resolvconf -d ${detail}${dev} -f`
    return kind === 'resolvectl' ? `resolvectl revert ${dev}` : `mv ${backupPath(detail, dev)} ${detail}`
  }
  if (kind === 'resolvconf') return `resolvconf -a ${detail}${dev} ${isSplit(op.search) ? '-p' : '-m 0 -x'}`
  const servers = op.servers.join(' ')
  if (kind === 'resolvectl') {
    const domains = [...(isSplit(op.search) ? [] : ['~.']), ...op.search]
    return `resolvectl dns ${dev} ${servers}; resolvectl domain ${dev} ${domains.join(' ')}`
  }
  return `cp -P ${detail} ${backupPath(detail, dev)}; printf 'nameserver %s\\n' ${servers} > ${detail}`
}
