// SPDX-License-Identifier: MIT
import type { LinkAddress } from '@wgq/model/host'
import { formatIp, parseIp } from '@wgq/model/ip'

/** An interface as ifconfig(8) shows it. */
export interface ShownInterface {
  readonly name: string
  readonly up: boolean
  readonly mtu: number
  /** Text of its `description:` line. */
  readonly description?: string
  readonly groups: readonly string[]
  readonly addresses: readonly LinkAddress[]
}

/**
 * Reads the output of `ifconfig`, `ifconfig -a` or `ifconfig NAME` of FreeBSD (masks in hexadecimal), OpenBSD (the
 * same) and NetBSD (prefix lengths behind the address). Other lines are ignored.
 */
export const parseIfconfig = (text: string): ShownInterface[] => {
  const out: ShownInterface[] = []
  for (const block of text.split(/^(?=\S)/m)) {
    const head = /^(\S+?): flags=[0-9a-fx]+<([^>]*)>.*?\bmtu ([0-9]+)/.exec(block)
    if (!head) continue
    const [, name = '', flags = '', mtu = ''] = head
    const description = /^\s+description: "?(.*?)"?\s*$/m.exec(block)?.[1]
    out.push({
      name,
      up: flags.split(',').includes('UP'),
      mtu: Number(mtu),
      ...(description === undefined ? {} : { description }),
      groups: (/^\s+groups: (.*)$/m.exec(block)?.[1] ?? '').split(/\s+/).filter((group) => group !== ''),
      addresses: block.split('\n').flatMap((line) => parseAddress(name, line)),
    })
  }
  return out
}

const parseAddress = (dev: string, line: string): LinkAddress[] => {
  const match = /^\s+inet(6?) (?:alias )?([0-9a-fA-F:.]+)(?:%\S*?)?(?:\/([0-9]+))?(?=\s|$)(.*)$/.exec(line)
  if (!match) return []
  const [, six, text = '', slash, rest = ''] = match
  const bytes = parseIp(text)
  if (!bytes) return []
  const linkLocal = bytes.length === 16 && bytes[0] === 0xfe && ((bytes[1] as number) & 0xc0) === 0x80
  const prefixLength = slash === undefined ? maskLength(rest, bytes.length * 8) : Number(slash)
  return [
    {
      dev,
      cidr: { family: six ? 6 : 4, address: formatIp(bytes), prefixLength },
      scope: linkLocal ? 'link' : bytes[0] === 127 && !six ? 'host' : 'global',
    },
  ]
}

/** Prefix length of `netmask 0xffffff00`, `netmask 255.255.255.0` or `prefixlen 64`; `most` without any. */
const maskLength = (rest: string, most: number): number => {
  const prefixlen = /\bprefixlen ([0-9]+)/.exec(rest)
  if (prefixlen) return Number(prefixlen[1])
  const netmask = /\bnetmask (0x[0-9a-f]+|[0-9.]+)/.exec(rest)?.[1]
  if (netmask === undefined) return most
  const mask = netmask.startsWith('0x')
    ? Number(netmask)
    : netmask.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return (mask >>> 0).toString(2).replace(/0/g, '').length
}
