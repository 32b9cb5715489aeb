// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, parseCidr } from '@wgq/model/cidr'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { directiveValue, interfaceDirectives, setDirective } from '../directives.ts'
import { type Document, parseDocument, printDocument } from '../document.ts'
import { appendPeer, Edit } from '../edit.ts'
import { findBlock, type PeerBlock, peerBlocks } from './blocks.ts'
import { disableBlock, enableBlock, expireBlock, removeBlock, renameBlock } from './edit-blocks.ts'
import { nextAddress, peerNetworks } from './free-address.ts'

const key = (letter: string): string => `${letter.repeat(42)}A=`
const cidrs = (text: string): Cidr[] =>
  text
    .split(/[, ]+/)
    .filter(Boolean)
    .map((word) => parseCidr(word) as Cidr)

// As the tools write them.
const pivpn = `### begin phone ###\n[Peer]\nPublicKey = ${key('a')}\nPresharedKey = ${key('s')}\nAllowedIPs = 10.6.0.2/32\n### end phone ###\n`
const pivpnOff = pivpn.replace(/^/gm, '#[disabled] ').replace(/#\[disabled\] $/, '')
const wireguardInstall = `\n### Client laptop\n[Peer]\nPublicKey = ${key('b')}\nAllowedIPs = 10.66.66.3/32,fd42::3/128\n`
const wgEasy = `\n\n# Client: tablet (3f2c-11)\n[Peer]\nPublicKey = ${key('c')}\nAllowedIPs = 10.8.0.4/32\n`
const friendly = `\n[Peer]\n# friendly_name = desk\nPublicKey = ${key('d')}\nAllowedIPs = 10.8.0.5/32\n`
const json = `\n[Peer]\n# friendly_json = {"name":"nas","id":7}\nPublicKey = ${key('e')}\nAllowedIPs = 10.8.0.6/32\n`
const own = `\n[Peer]\n# Name = watch\nPublicKey = ${key('f')} # new\n\n  AllowedIPs=10.8.0.7/32`
const head = `[Interface]\nPrivateKey = ${key('p')}\nAddress = 10.8.0.1/24\n\n`
const file = head + pivpn + wireguardInstall + wgEasy + friendly + json + own
const names = ['phone', 'laptop', 'tablet', 'desk', 'nas', 'watch']

const edited = (
  text: string,
  name: string,
  work: (document: Document, block: PeerBlock) => Document,
): string => {
  const document = parseDocument(text)
  return printDocument(work(document, findBlock(peerBlocks(document), name)))
}
const namesIn = (text: string) => peerBlocks(parseDocument(text)).map(({ name }) => name)

describe('peers of a file, whoever wrote it', () => {
  test('names of other tools are read, also those that pivpn switched off', () => {
    expect(namesIn(file)).toEqual(names)
    const [off, on] = peerBlocks(parseDocument(head + pivpnOff + wgEasy))
    expect(off).toMatchObject({ name: 'phone', disabled: true, publicKey: key('a') })
    expect(off?.allowedIps.map(formatCidr)).toEqual(['10.6.0.2/32'])
    expect(on).toMatchObject({ name: 'tablet', disabled: false })
  })

  test.each(names)('%s: off and on again is byte for byte what was there, off is not a peer', (name) => {
    for (const text of [file, file.replaceAll('\n', '\r\n')]) {
      const off = edited(text, name, disableBlock)
      expect(new Edit(parseDocument(off)).peers()).toHaveLength(names.length - 1)
      expect(namesIn(off)).toEqual(names)
      expect(edited(off, name, enableBlock)).toBe(text)
    }
  })

  test('pivpn reads what is switched off here', () => {
    expect(edited(head + pivpn, 'phone', disableBlock)).toBe(head + pivpnOff)
  })

  test.each(names)('%s: renamed in the form it has, everything else stays', (name) => {
    const renamed = edited(file, name, (document, block) => renameBlock(document, block, 'Anna 2'))
    expect(namesIn(renamed)).toEqual(names.map((other) => (other === name ? 'Anna 2' : other)))
    expect(edited(renamed, 'Anna 2', (document, block) => renameBlock(document, block, name))).toBe(file)
    const off = edited(edited(file, name, disableBlock), name, (d, b) => renameBlock(d, b, 'x'))
    expect(edited(off, 'x', enableBlock)).toBe(edited(file, name, (d, b) => renameBlock(d, b, 'x')))
  })

  test('a peer without a name gets one; a name that cannot be read back is refused', () => {
    const bare = file.replace('# Name = watch\n', '')
    const named = edited(bare, key('f'), (document, block) => renameBlock(document, block, 'watch'))
    expect(named).toBe(file)
    expect(() => edited(file, 'phone', (d, b) => renameBlock(d, b, 'a #'))).toThrow(/cannot be written/)
  })

  test.each(names)('%s: removed, on or off, the others stay', (name) => {
    const gone = edited(file, name, removeBlock)
    expect(namesIn(gone)).toEqual(names.filter((other) => other !== name))
    expect(edited(edited(file, name, disableBlock), name, removeBlock)).toBe(gone)
    expect(gone.startsWith(head)).toBe(true)
  })

  test.each(['KillSwitch = on', 'ClientEndpoint = vpn.example:5', 'Masquerade = auto', 'before=5270'])(
    '# %s right above the first peer stays when that peer goes, is switched off or replaced',
    (directive) => {
      const begin = `[Interface]\nPrivateKey = ${key('p')}\n# ${directive}\n`
      const text = `${begin}# mine\n[Peer]\n# Name = phone\nPublicKey = ${key('a')}\nAllowedIPs = 10.6.0.2/32\n`
      expect(edited(text, 'phone', removeBlock)).toBe(begin)
      const off = edited(text, 'phone', disableBlock)
      expect(off.startsWith(begin)).toBe(true)
      expect(edited(off, 'phone', enableBlock)).toBe(text)
      const edit = new Edit(parseDocument(text))
      edit.removePeer(key('a') as never)
      expect(printDocument(edit.finish())).toContain(`# ${directive}\n`)
    },
  )

  test('what is switched off right below or above another peer is not removed with it', () => {
    const tight = `${head}${pivpn}${pivpnOff.replaceAll('phone', 'old').replaceAll(key('a'), key('z'))}${wgEasy.trimStart()}`
    expect(namesIn(tight)).toEqual(['phone', 'old', 'tablet'])
    expect(namesIn(edited(tight, 'phone', removeBlock))).toEqual(['old', 'tablet'])
    expect(namesIn(edited(tight, 'tablet', removeBlock))).toEqual(['phone', 'old'])
    const edit = new Edit(parseDocument(tight))
    edit.removePeer(key('a') as never)
    edit.removePeer(key('c') as never)
    expect(namesIn(printDocument(edit.finish()))).toEqual(['old'])
  })

  test('an end comes, changes and goes', () => {
    const first = edited(file, 'phone', (d, b) => expireBlock(d, b, '2027-01-01T00:00:00Z'))
    expect(first).toContain('[Peer]\n# Expires = 2027-01-01T00:00:00Z\nPublicKey')
    const second = edited(first, 'phone', (d, b) => expireBlock(d, b, '2028-01-01'))
    expect(peerBlocks(parseDocument(second))[0]?.expires).toBe('2028-01-01')
    expect(second.match(/Expires/g)).toHaveLength(1)
    expect(edited(second, 'phone', (d, b) => expireBlock(d, b, undefined))).toBe(file)
  })

  test('a name that no peer has', () => {
    expect(() => findBlock(peerBlocks(parseDocument(file)), 'phon')).toThrow('No peer is called "phon"')
  })
})

test.each([file, own, head, '', `${own}\r\n`, `${file}\n${pivpnOff}`])(
  'appended at the end, as an edit would',
  (text) => {
    const peer = { name: 'new', values: [['PublicKey', key('n')]] } as const
    const edit = new Edit(parseDocument(text))
    edit.addPeer(peer)
    expect(printDocument(appendPeer(parseDocument(text), peer))).toBe(printDocument(edit.finish()))
  },
)

describe('the next free address', () => {
  test.each([
    ['10.8.0.0/24', '10.8.0.1 10.8.0.2 10.8.0.4', '10.8.0.3/32'],
    ['10.8.0.0/24', '10.8.0.1 10.8.0.2/31 0.0.0.0/0 10.8.0.0/24', '10.8.0.4/32'],
    ['10.8.0.0/24', '10.8.0.1 10.8.0.0/25', '10.8.0.128/32'],
    ['10.8.0.0/30', '10.8.0.1 10.8.0.2', undefined],
    ['10.8.0.0/31', '10.8.0.0', '10.8.0.1/32'],
    ['fd08::/64', 'fd08::1 fd08::2/127', 'fd08::4/128'],
    ['fd08::/126', 'fd08::1 fd08::2', 'fd08::3/128'],
    ['fd08::/126', 'fd08::1 fd08::2 fd08::3', undefined],
  ])('%s with %s taken', (network, taken, wanted) => {
    const [parsed] = cidrs(network)
    expect(
      nextAddress(parsed as Cidr, cidrs(taken)) &&
        formatCidr(nextAddress(parsed as Cidr, cidrs(taken)) as Cidr),
    ).toBe(wanted)
  })

  test('is in the network, nobody has it, and no lower one is free', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 62 })), (hosts) => {
        const [network] = cidrs('10.8.0.64/26')
        const found = nextAddress(
          network as Cidr,
          cidrs(hosts.map((host) => `10.8.0.${64 + host}`).join(' ')),
        )
        const free = Array.from({ length: 62 }, (_, i) => i + 1).find((host) => !hosts.includes(host))
        expect(found?.address).toBe(free === undefined ? undefined : `10.8.0.${64 + free}`)
      }),
    )
  })

  test('networks of an interface', () => {
    const text = '10.8.0.1/24 10.8.0.9/24 10.9.0.1/32 fe80::1/64 fd08::1/64'
    expect(peerNetworks(cidrs(text)).map(formatCidr)).toEqual(['10.8.0.0/24', 'fd08::/64'])
  })
})

describe('directives', () => {
  test('are read up to the next header, the last one counts', () => {
    const text = `[Interface]\n# ClientDNS = 1.1.1.1\nMTU = 1\n# clientdns = 9.9.9.9, x\n# ClientMTU = 1300\n[Peer]\n# ClientDNS = no\n`
    const found = interfaceDirectives(parseDocument(text))
    expect(directiveValue(found, 'ClientDNS')).toBe('9.9.9.9, x')
    expect(directiveValue(found, 'ClientMTU')).toBe('1300')
    expect(directiveValue(found, 'ClientEndpoint')).toBeUndefined()
  })

  test('are set in place, or behind the last line of the interface', () => {
    const set = (text: string) => printDocument(setDirective(parseDocument(text), 'ClientDNS', 'a'))
    expect(set('[Interface]\n# clientdns = b\nMTU = 1\n')).toBe('[Interface]\n# ClientDNS = a\nMTU = 1\n')
    expect(set('[Interface]\nMTU = 1')).toBe('[Interface]\nMTU = 1\n# ClientDNS = a\n')
    expect(set('[Interface]\r\n\r\n[Peer]\r\n')).toBe('[Interface]\r\n# ClientDNS = a\r\n\r\n[Peer]\r\n')
  })
})
