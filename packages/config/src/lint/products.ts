// SPDX-License-Identifier: MIT
import type { Diagnostic } from '../diagnostic.ts'
import type { Entry, Section } from '../outline.ts'
import { type Beginning, beginningOf } from './beginnings.ts'
import { headerSpot, type Rule, type Subject, spot } from './subject.ts'

/** A program that adds its own keys to files in wg-quick's format. */
interface Product {
  /** The name for messages, derived from the keys present. */
  readonly name: (keys: ReadonlyMap<string, Entry>) => string
  /** In lower case. */
  readonly keys: ReadonlySet<string>
  readonly hint: string
}

const amnezia = {
  1: words('jc jmin jmax s1 s2 h1 h2 h3 h4'),
  1.5: words('i1 i2 i3 i4 i5 j1 j2 j3 itime'),
  2: words('s3 s4'),
  3: words(
    'headerprotectionkey contentpaddingaddition rekeyaftertime rekeytimeout rejectaftertime keepalivetimeout maxhandshakeattempts',
  ),
  3.1: words('randomtrailers disablecookies'),
} as const

function words(text: string): readonly string[] {
  return text.split(' ')
}

/** The AmneziaWG version whose keys, or header ranges, are in the file. */
const amneziaVersion = (keys: ReadonlyMap<string, Entry>): string => {
  const has = (version: keyof typeof amnezia): boolean => amnezia[version].some((key) => keys.has(key))
  const ranges = words('h1 h2 h3 h4').some((key) => keys.get(key)?.value.text.includes('-'))
  if (has(3.1)) return 'AmneziaWG 3.1'
  if (has(3)) return 'AmneziaWG 3.0'
  if (has(2) || ranges) return 'AmneziaWG 2.0'
  return has(1.5) ? 'AmneziaWG 1.5' : 'AmneziaWG 1.0'
}

const products: readonly Product[] = [
  {
    name: amneziaVersion,
    keys: new Set(Object.values(amnezia).flat()),
    hint: 'its packets are disguised and WireGuard cannot read them: use `awg-quick` of amneziawg-tools, or ask for a plain WireGuard configuration',
  },
  {
    name: () => 'the WireGuard app for Android',
    keys: new Set(['includedapplications', 'excludedapplications']),
    hint: 'remove the line here: which programs use a tunnel is decided by routing rules or network namespaces on other systems',
  },
  {
    name: () => 'clients of Cloudflare WARP (Xray, sing-box, wgcf tools)',
    keys: new Set(['reserved', 'clientid', 'client_id']),
    hint: 'remove the line: WireGuard sends these three bytes as zero, which WARP takes too',
  },
  {
    name: () => 'the WireSock client for Windows',
    keys: new Set(
      words(
        'allowedapps disallowedapps disallowedips socks5proxy socks5proxyusername socks5proxypassword socks5proxyalltraffic bypasslantraffic virtualadaptermode id ip ib',
      ),
    ),
    hint: 'remove the lines; `wgq allowed-ips` works out AllowedIPs without DisallowedIPs',
  },
  {
    name: () => 'TunSafe',
    keys: new Set(words('blockdns excludedips icmpheader obfuscatekey obfuscatetcp features allowmulticast')),
    hint: 'remove the lines; `wgq allowed-ips` works out AllowedIPs without ExcludedIPs',
  },
]

/** Programs by the names of their sections. */
const sections: ReadonlyArray<readonly [RegExp, name: string, hint: string]> = [
  [
    /^\[(?:netdev|wireguard|wireguardpeer|match|network|routingpolicyrule)\]$/,
    'a unit of systemd-networkd',
    '`wgq import FILE.netdev FILE.network` makes a configuration of it',
  ],
  [
    /^\[(?:connection|wireguard-peer\..*|ipv4|ipv6)\]$/,
    'a profile of NetworkManager',
    '`wgq import FILE` makes a configuration of it',
  ],
  [
    /^\[provider_\S+\]/,
    'a provision file of ConnMan',
    'write its WireGuard.… lines as PrivateKey, Address, DNS below [Interface], and the rest below [Peer]',
  ],
  [
    /^\[(?:general|proxy|proxy group|rule|wireguard [^\]]+)\]/,
    'a profile of Surge or Loon',
    'export the configuration as a .conf file from where it comes from',
  ],
  [
    /^\[(?:socks5|http|tcpclienttunnel|tcpservertunnel|udpproxytunnel|stdiotunnel|resolve)\]$/,
    'a configuration of wireproxy',
    'remove its sections: [Interface] and [Peer] stay',
  ],
]

/** The finding about another program's file that is not a wg-quick configuration. */
export const foreignFile = (subject: Subject): Diagnostic | undefined => {
  for (const section of subject.sections) {
    if (section.kind === 'interface' || section.kind === 'peer') break
    const line = subject.document.lines[section.header]
    if (section.kind === 'none') {
      const first = section.entries[0]
      const known = first && beginningOf(first.line.text)
      if (first && known) return foreign(known, spot(subject, first, first.name))
      continue
    }
    const known = sectionOwner(line?.text ?? '')
    if (known) return foreign({ name: known[1], hint: known[2] }, headerSpot(subject, section))
  }
  return undefined
}

/** The program whose section has this header. */
const sectionOwner = (header: string) =>
  sections.find(([pattern]) => pattern.test(header.trim().toLowerCase()))

/** The finding about another program's section after those of WireGuard. */
export const foreignSection = (subject: Subject, section: Section): Diagnostic | undefined => {
  const known = sectionOwner(subject.document.lines[section.header]?.text ?? '')
  if (!known) return undefined
  const message = `This section belongs to ${known[1]}: wg and wg-quick refuse the file`
  return {
    code: 'other-program',
    severity: 'error',
    ...headerSpot(subject, section),
    message,
    hint: known[2],
  }
}

const foreign = ({ name, hint }: Beginning, place: ReturnType<typeof headerSpot>): Diagnostic => ({
  code: 'other-program',
  severity: 'error',
  ...place,
  message: `This is ${name}, no configuration of wg-quick`,
  hint,
})

/** Returns whether a key belongs to another program; one finding covers all such keys. */
export const isProductKey = (key: string): boolean => products.some(({ keys }) => keys.has(key))

/** One finding for each program whose keys are in the file: any of them makes wg refuse the file. */
export const productRules: Rule = (subject) => {
  const found = new Map<Product, Map<string, Entry>>()
  for (const section of subject.sections.filter(isOurs)) {
    for (const entry of section.entries) {
      const product = products.find(({ keys }) => keys.has(entry.key))
      if (!product) continue
      const entries = found.get(product) ?? new Map<string, Entry>()
      found.set(product, entries)
      if (!entries.has(entry.key)) entries.set(entry.key, entry)
    }
  }
  return [...found].map(([product, entries]): Diagnostic => {
    const [first] = [...entries.values()] as [Entry]
    const names = [...entries.values()].map(({ name }) => name.text)
    const shown =
      names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', ')
    const verb = names.length === 1 ? 'is a key' : 'are keys'
    return {
      code: 'other-program',
      severity: 'error',
      ...spot(subject, first, first.name),
      message: `${shown} ${verb} of ${product.name(entries)}: wg and wg-quick refuse the file`,
      hint: product.hint,
    }
  })
}

const isOurs = ({ kind }: Section): boolean => kind === 'interface' || kind === 'peer'
