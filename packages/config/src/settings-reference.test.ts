// SPDX-License-Identifier: MIT

import { isWgqError } from '@wgq/model/error'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Setting, Settings } from './settings.ts'
import { readSettings } from './settings.ts'

/** wg-quick's reading, written sentence by sentence from spec wg-quick §3, without regard to speed or positions. */
const reference = (text: string) => {
  const out: Record<string, string[]> = {}
  const put = (key: string, ...values: string[]) => {
    out[key] = [...(out[key] ?? []), ...values]
  }
  let inside = false
  let rest = ''
  const lines = text.replace(/\0/g, '').split('\n')
  if ((lines.at(-1) as string).replace(/[ \t]/g, '') === '') lines.pop()
  for (const raw of lines) {
    const line = raw.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '')
    const stripped = line.split('#')[0] as string
    const [, before = stripped, after = stripped] = /^([^=]*)=(.*)$/s.exec(stripped) ?? []
    const [, hook = line] = /^[^=]*=(.*)$/s.exec(line) ?? []
    const [key, value, command] = [before, after, hook].map((part) =>
      part.replace(/^[ \t\n\v\f\r]+/, '').replace(/[ \t\n\v\f\r]+$/, ''),
    ) as [string, string, string]
    const name = [...key].map((c) => (c >= 'A' && c <= 'Z' ? c.toLowerCase() : c)).join('')
    if (key.startsWith('[')) inside = name === '[interface]'
    if (inside && /^(?:address|dns)$/.test(name))
      put(name, ...value.split(/[, \t\n\v\f\r]/).filter((word) => word !== ''))
    else if (inside && /^(?:mtu|table|saveconfig)$/.test(name)) out[name] = [value]
    else if (inside && /^(?:pre|post)(?:up|down)$/.test(name)) put(name, command)
    else rest += `${line}\n`
  }
  return { out, rest }
}

const flat = (settings: Settings) => {
  const of = (list: readonly Setting[]) => list.map(({ value }) => value)
  const { hooks } = settings
  return {
    rest: settings.wgConfig,
    // Servers and search domains are separate; settings.test.ts checks which is which.
    dns: [...of(settings.dnsServers), ...of(settings.dnsSearch)].sort(),
    address: of(settings.addresses),
    mtu: settings.mtu?.value ?? '',
    table: settings.table?.value ?? '',
    hooks: [hooks.preUp, hooks.postUp, hooks.preDown, hooks.postDown].map(of),
  }
}

test('equals the slow reference, and every position points at its value: any text', () => {
  const piece = fc.constantFrom(
    ...[
      '[Interface]',
      '[interface ]',
      '[Peer]',
      '[',
      '=',
      ' = ',
      '#',
      '\n',
      '\n',
      '\r\n',
      '\t',
      ' ',
      '\0',
      '\v',
      ',',
    ],
    ...[
      'Address',
      'ADDRESS',
      'dns',
      'MTU',
      'Table',
      'PostUp',
      'preup',
      'PreDown',
      'postdown',
      '10.0.0.1',
      'a.b',
      '::1',
    ],
    ...['\u00a0', '\u017f', '\u212a', 'é', '\ufeff'],
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 40 }), (pieces) => {
      const text = `[Interface]\n${pieces.join('')}`
      let settings: Settings
      try {
        settings = readSettings(text, 'x.conf')
      } catch (error) {
        expect(isWgqError(error)).toBe(true)
        return
      }
      const { out, rest } = reference(text)
      expect(flat(settings)).toEqual({
        rest,
        dns: (out['dns'] ?? []).sort(),
        address: out['address'] ?? [],
        mtu: out['mtu']?.[0] ?? '',
        table: out['table']?.[0] ?? '',
        hooks: ['preup', 'postup', 'predown', 'postdown'].map((key) => out[key] ?? []),
      })
      if (text.includes('\0')) return
      const lines = text.split('\n')
      for (const { value, at } of [...settings.addresses, ...settings.dnsServers, ...settings.hooks.postUp]) {
        expect(lines[at.line - 1]?.startsWith(value, at.column - 1)).toBe(true)
      }
    }),
    { numRuns: 1000 },
  )
})
