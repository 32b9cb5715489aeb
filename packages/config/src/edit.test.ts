// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDocument, printDocument } from './document.ts'
import { Edit } from './edit.ts'

const phone = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=' as Key
const laptop = 'Ke8wUlvynA9acjhkHdychziB5/e1YigBuCvIiQ3jTSM=' as Key

const edited = (text: string, change: (edit: Edit) => void): string => {
  const edit = new Edit(parseDocument(text))
  change(edit)
  return printDocument(edit.finish())
}

const file = `# mine
[Interface]
\tListenPort=51820   # fixed
  Address = 10.0.0.1/24, fd00::1/64

### begin phone ###
[Peer]
PublicKey = ${phone}
AllowedIPs = 10.0.0.2/32 # desk
AllowedIPs = 10.0.0.3
### end phone ###

# [Peer]
# PublicKey = old

[Peer] # laptop
PublicKey = ${laptop}
Endpoint = vpn.example:51820
`

describe('one value', () => {
  test('is replaced where it is', () => {
    const next = edited(file, (edit) => edit.set('interface', 'ListenPort', '1'))
    expect(next).toBe(file.replace('ListenPort=51820   #', 'ListenPort=1   #'))
  })

  test('stays as written when it is the same', () => {
    expect(edited(file, (edit) => edit.set(laptop, 'endpoint', 'vpn.example:51820'))).toBe(file)
  })

  test('is added after the last key, in the style of the section', () => {
    const next = edited(file, (edit) => {
      edit.set('interface', 'MTU', '1380')
      edit.set(phone, 'PersistentKeepalive', '25')
    })
    expect(next).toBe(
      file
        .replace('fd00::1/64\n', 'fd00::1/64\n  MTU = 1380\n')
        .replace('10.0.0.3\n', '10.0.0.3\nPersistentKeepalive = 25\n'),
    )
  })

  test.each([
    ['MTU =', 'MTU = 1'],
    ['MTU=', 'MTU=1'],
    ['MTU = # none', 'MTU = 1 # none'],
    ['MTU = 9\nMTU = 8', 'MTU = 9\nMTU = 1'],
  ])('replaces in %j', (before, after) => {
    const next = edited(`[Interface]\n${before}\n`, (edit) => edit.set('interface', 'MTU', '1'))
    expect(next).toBe(`[Interface]\n${after}\n`)
  })

  test('is removed with its line', () => {
    const next = edited(file, (edit) => edit.remove(laptop, 'Endpoint'))
    expect(next).toBe(file.replace('Endpoint = vpn.example:51820\n', ''))
  })
})

describe('lists', () => {
  test('change only the lines where something comes or goes', () => {
    const next = edited(file, (edit) => edit.setList(phone, 'AllowedIPs', ['10.0.0.3', '10.9.0.0/16']))
    expect(next).toBe(
      file
        .replace('AllowedIPs = 10.0.0.2/32 # desk\n', '')
        .replace('= 10.0.0.3\n', '= 10.0.0.3, 10.9.0.0/16\n'),
    )
  })

  test('compare by the canonical form given', () => {
    const canonical = (item: string) => item.replace('/32', '')
    const next = edited(file, (edit) => {
      edit.setList(phone, 'allowedips', ['10.0.0.3/32', '10.0.0.2'], canonical)
    })
    expect(next).toBe(file)
  })

  test('that say a thing twice are left alone', () => {
    const twice = file.replace('10.0.0.3', '10.0.0.3, 10.0.0.2/32')
    expect(edited(twice, (edit) => edit.setList(phone, 'AllowedIPs', ['10.0.0.2/32', '10.0.0.3']))).toBe(
      twice,
    )
  })

  test('are added and removed as a whole', () => {
    const next = edited(file, (edit) => {
      edit.setList('interface', 'Address', [])
      edit.setList(laptop, 'AllowedIPs', ['10.0.0.4', '10.0.0.5'])
    })
    expect(next).toBe(
      `${file.replace('  Address = 10.0.0.1/24, fd00::1/64\n', '')}AllowedIPs = 10.0.0.4, 10.0.0.5\n`,
    )
  })
})

describe('peers', () => {
  test('go with their own comments only', () => {
    const next = edited(file, (edit) => edit.removePeer(phone))
    expect(next).toBe(file.replace(/### begin[\s\S]*### end phone ###\n\n/, ''))
    expect(edited(file, (edit) => edit.removePeer(laptop))).toBe(
      file.replace(/\n\[Peer\] # laptop[\s\S]*/, ''),
    )
  })

  test('are appended, set apart by a blank line', () => {
    const peer = {
      name: 'tablet',
      values: [['PublicKey', 'k'] as const, ['AllowedIPs', '10.0.0.9/32'] as const],
    }
    const added = '\n[Peer]\n# Name = tablet\nPublicKey = k\nAllowedIPs = 10.0.0.9/32\n'
    const next = edited(file, (edit) => {
      edit.addPeer(peer)
      edit.addPeer(peer)
    })
    expect(next).toBe(file + added + added)
  })

  test('are appended to nothing', () => {
    expect(edited('', (edit) => edit.addPeer({ values: [['PublicKey', 'k']] }))).toBe(
      '[Peer]\nPublicKey = k\n',
    )
  })
})

test('CRLF and a missing last newline are carried on', () => {
  const text = `[Interface]\r\nMTU = 1\r\n[Peer]\r\nPublicKey = ${phone}`
  expect(edited(text, (edit) => edit.set(phone, 'Endpoint', 'a:1'))).toBe(`${text}\r\nEndpoint = a:1\r\n`)
})

test('an interface section is made where there is none', () => {
  const text = `[Peer]\nPublicKey = ${phone}\n`
  const next = edited(text, (edit) => {
    edit.set('interface', 'ListenPort', '1')
    edit.set('interface', 'MTU', '2')
  })
  expect(next).toBe(`[Interface]\nListenPort = 1\nMTU = 2\n\n${text}`)
})

test('no edit, no change: any text', () => {
  const piece = fc.constantFrom(
    '[Peer]',
    '[Interface]',
    '=',
    '#',
    '\n',
    '\r\n',
    '\0',
    ' ',
    'PublicKey',
    phone,
    'é',
  )
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('')
      expect(edited(text, () => {})).toBe(text)
    }),
  )
})

test('what was set is what is read back: any text', () => {
  const line = fc.constantFrom(
    '[Peer]',
    '[Interface]',
    'MTU = 1 # x',
    'MTU=',
    ' MTU = # y',
    '',
    '# c',
    `PublicKey=${phone}`,
  )
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('\n', '\r\n'), (lines, newline) => {
      const next = edited(lines.join(newline), (edit) => edit.set('interface', 'MTU', '1380'))
      expect(new Edit(parseDocument(next)).get('interface', 'mtu')).toBe('1380')
    }),
  )
})
