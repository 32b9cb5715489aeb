// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Key } from '@wgq/model/key'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Diagnostic } from '../diagnostic.ts'
import { decodeSource } from '../source.ts'
import { lint } from './lint.ts'
import type { LintDependencies, LintInput } from './subject.ts'

const publicKeys: Record<string, string> = {
  'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=': '4IUzPqubfRlDIYinPVHESUOS0ogYfx60SsfyAaj1rW4=',
  'ANJs8rwZUIYlM9pdyPOyNUhlmeIr5XDUC543xOSG438=': '06PO1rtSZG2ttVWpFsck4JLYJUiVUzXDwWTmCN+4kHE=',
}
const dependencies: LintDependencies = {
  publicKey: (key) => (publicKeys[key] ?? key) as Key,
  shellFaults: (scripts) =>
    scripts.flatMap((script, index) => {
      const bash = ['-O', 'extglob', '-n', '-c', script]
      const { status, stderr } = spawnSync('bash', bash, { encoding: 'utf8' })
      return status ? [[index, (stderr.split('\n')[0] ?? '').replace(/^.*line [0-9]+: /, '')] as const] : []
    }),
}

// docs/lint.md documents every code with a file that has the finding, lint's output, and a file without the finding.
// These examples are the test cases: an undocumented code fails, and so does one with wrong examples.
interface Documented {
  code: string
  failing: LintInput[]
  says: string[]
  passing: LintInput[]
}

const decode = (text: string): string =>
  text
    .replaceAll('<BOM>', '\ufeff')
    .replaceAll('<NBSP>', '\u00a0')
    .replaceAll('␍', '\r')
    .replaceAll('␀', '\0')
    .replaceAll('␛', '\x1b')
    .replaceAll('<UTF-16>', '\xff\xfe')

const inputs = (markdown: string): LintInput[] =>
  [...markdown.matchAll(/```ini([^\n]*)\n([\s\S]*?)```/g)].map(([, info = '', text = '']) => ({
    file: /file=(\S+)/.exec(info)?.[1] ?? 'wg0.conf',
    text: decode(text),
    purpose: info.includes('setconf') ? 'setconf' : 'wg-quick',
    worldAccessible: info.includes('world'),
  }))

const documented: Documented[] = readFileSync(new URL('../../../../docs/lint.md', import.meta.url), 'utf8')
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [failing = '', passing = ''] = section.split('Without it:')
    const says = /```text\n([\s\S]*?)\n```/.exec(failing)?.[1] ?? ''
    const code = /^`([a-z-]+)`/.exec(section)?.[1] ?? ''
    return { code, failing: inputs(failing), says: says.split('\n'), passing: inputs(passing) }
  })

const say = ({ at, severity, message, code }: Diagnostic): string =>
  `${at.file}:${at.line}:${at.column}: ${severity}: ${message} [${code}]`

describe('the examples in docs/lint.md', () => {
  test.each(documented)('$code', ({ code, failing, says, passing }) => {
    const found = lint(failing, dependencies).filter((finding) => finding.code === code)
    expect(found.map(say)).toEqual(says)
    expect(passing.length).toBeGreaterThan(0)
    expect(lint(passing, dependencies).filter((finding) => finding.code === code)).toEqual([])
  })

  test('cover every code that the rules can give', () => {
    const sources = [
      'addresses',
      'allowed-ips',
      'directives',
      'dns',
      'duplicates',
      'hooks',
      'keepalive',
      'keys',
      'lines',
      'pairs',
      'products',
      'lint',
    ]
    const codes = [...sources, 'routes', 'text', 'values'].flatMap((name) => {
      const source = readFileSync(new URL(`./${name}.ts`, import.meta.url), 'utf8')
      return [...source.matchAll(/(?:code: |refused\(subject, \w+, )'([a-z-]+)'/g)].map((match) => match[1])
    })
    expect(documented.map((one) => one.code).sort()).toEqual([...new Set(codes)].sort())
  })
})

test('findings have the members that docs/schema/lint.json says', () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../../../docs/schema/lint.json', import.meta.url), 'utf8'),
  )
  const { required, properties } = schema.$defs.finding
  const many = { file: 'wg0.conf', text: 'x\n'.repeat(101), purpose: 'wg-quick' } as const
  const found = [
    ...documented.flatMap(({ failing }) => lint(failing, dependencies)),
    ...lint([many], dependencies),
  ]
  const members = new Set(found.flatMap((finding) => Object.keys(finding)))
  expect([...members].sort()).toEqual(Object.keys(properties).sort())
  for (const finding of found) {
    expect(Object.keys(finding)).toEqual(expect.arrayContaining(required))
    expect(properties.severity.enum).toContain(finding.severity)
    expect(Object.keys(finding.at)).toEqual(schema.$defs.position.required)
  }
})

interface Golden {
  name: string
  interface: string
  config: string
  upExit?: number
}
const golden: Golden[] = JSON.parse(readFileSync(new URL('../fixtures/golden.json', import.meta.url), 'utf8'))
const accepted = golden.filter((one) => one.upExit === 0)

test.each(accepted)('no error in what wg-quick brought up: $name', (one) => {
  const found = lint([{ file: `${one.interface}.conf`, text: one.config, purpose: 'wg-quick' }], dependencies)
  expect(found.filter((finding) => finding.severity === 'error').map(say)).toEqual([])
})

test.each([
  ['15-fail-bad-address', 'bad-address', 4],
  ['32-unknown-key', 'unknown-key', 4],
  ['56-empty-values', 'empty-value', 10],
  ['58-two-interface-sections', 'misplaced-key', 9],
  ['62-mtu-bad', 'bad-mtu', 4],
  ['64-table-Auto-case', 'table-case', 4],
  ['78-duplicate-address', 'duplicate-address', 3],
  ['89-mtu-of-own-tunnel-route', 'bad-mtu', 4],
])('an error in what wg-quick refused: %s', (name, code, line) => {
  const one = golden.find((candidate) => candidate.name === `master/${name}`) ?? expect.fail(name)
  const found = lint([{ file: 'wg0.conf', text: one.config, purpose: 'wg-quick' }], dependencies)
  const errors = found.filter((finding) => finding.severity === 'error')
  expect(errors.map((finding) => [finding.code, finding.at.line])).toContainEqual([code, line])
})

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='

test.each([
  [key.slice(0, -1), 'the "=" at its end is missing'],
  [key.replace('/', '_'), 'it is in the URL alphabet'],
  [`"${key}"`, 'quotes are not removed'],
  [Buffer.from(key, 'base64').toString('hex'), 'it is hexadecimal'],
  [key.replace('o=', 'p='), 'it has 44 characters'],
])('says what happened to the key %s, without printing it', (text, hint) => {
  const input = {
    file: 'wg0.conf',
    text: `[Interface]\nPrivateKey = ${text}\n`,
    purpose: 'wg-quick',
  } as const
  const [finding] = lint([input], dependencies).filter((one) => one.code === 'bad-key')
  expect(finding?.hint).toContain(hint)
  expect(JSON.stringify(finding)).not.toContain(text.slice(1, 20))
})

test('never fails, and positions are inside the file: any text', () => {
  const quiet = { ...dependencies, shellFaults: () => [] }
  const piece = fc.constantFrom(
    ...[
      '[Interface]',
      '[Peer]',
      '[ peer ]',
      '\n',
      '\n',
      '\r\n',
      '\0',
      ' = ',
      '#',
      ',',
      '/',
      ':',
      '[',
      'Address',
      'DNS',
    ],
    ...[
      'PublicKey',
      'AllowedIPs',
      'Endpoint',
      'SaveConfig',
      'Table',
      'MTU',
      'PostUp',
      '10.0.0.1/8',
      '::/0',
      key,
      '\ufeff',
    ],
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 40 }), (pieces) => {
      const text = pieces.join('')
      const lines = text.split('\n')
      for (const { at, message } of lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], quiet)) {
        expect(at.line).toBeLessThanOrEqual(Math.max(lines.length, 1))
        expect(at.column).toBeGreaterThan(0)
        expect(at.column).toBeLessThanOrEqual((lines[at.line - 1]?.length ?? 0) + 1)
        expect(message).not.toBe('')
      }
    }),
  )
})

test('ten thousand peers: one finding for a prefix that covers them all', () => {
  const peers = Array.from({ length: 10_000 }, (_, n) => {
    const bytes = Buffer.alloc(32)
    bytes.writeUInt32BE(n + 1)
    return `[Peer] # p${n}\nPublicKey = ${bytes.toString('base64')}\nAllowedIPs = 10.${n >> 8}.${n & 255}.0/24\n`
  })
  const hub =
    '[Peer] # hub\nPublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=\nAllowedIPs = 10.0.0.0/8\n'
  const text = `[Interface]\nPrivateKey = ${key}\n${peers.join('')}${hub}`
  const found = lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], dependencies)
  expect(found.map(say)).toEqual([
    'wg0.conf:30005:14: info: 10.0.0.0/8 contains 10.0.0.0/24 of peer "p0" and 9999 more, which win there [allowed-ips-nested]',
  ])
})

test('of one code a hundred findings are spelled, the rest is counted', () => {
  const text = `[Interface]\nAddress = ${Array.from({ length: 4000 }, () => 'x/y').join(',')}\nMTU = 1\n`
  const found = lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], dependencies)
  const bad = found.filter(({ code }) => code === 'bad-address')
  expect(bad).toHaveLength(100)
  expect(bad.at(-1)?.more).toBe(3900)
  expect(found.map(({ code }) => code)).toContain('bad-mtu')
})

test.each([
  'Address',
  'MTU',
  'Table',
  'DNS',
  'ListenPort',
  'FwMark',
  'SaveConfig',
  'AllowedIPs',
  'Endpoint',
  'PersistentKeepalive',
  'Jc',
  'Nonsense',
  '',
])('a key that is behind %j is not in the findings', (name) => {
  for (const value of [key, Buffer.from(key, 'base64').toString('hex'), `10.0.0.1/${key}`, `${key}:51820`]) {
    const line = name === '' ? value : `${name} = ${value}`
    const text = `[Interface]\n${line}\n[Peer]\nPublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=\n${line}\n`
    const said = JSON.stringify(lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], dependencies))
    expect(said).not.toContain(value.replace(/^10.0.0.1\/|:51820$/, '').slice(0, 36))
    expect(said).not.toContain(value.replace(/=?(?::51820)?$/, '').slice(-7))
  }
})

test.each([
  ['192.0.2.1:0', /Port 0 is no port/],
  ['0.0.0.0:51820', /0.0.0.0 is not the address of one machine/],
  ['[::]:51820', /:: is not the address of one machine/],
  ['224.0.0.5:51820', /is not the address of one machine/],
  ['[ff02::1]:51820', /is not the address of one machine/],
  ['192.0.2.300:51820', /"192.0.2.300" is not an address/],
  ['192.0.2.01:51820', /is not an address/],
  ['vpn..example.com:51820', /two dots together/],
  ['.example.com:51820', /two dots together/],
  [`${'a'.repeat(64)}.example:51820`, /63 between two dots/],
  ['ffhost.example.:51820', undefined],
  ['224.example:51820', undefined],
  ['[fe80::1%up0]:51820', undefined],
  ['192.0.2.1:ntp', undefined],
])('an endpoint to which nothing arrives: %s', (endpoint, says) => {
  const text = `[Peer]\nPublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=\nEndpoint = ${endpoint}\n`
  const found = lint([{ file: 'a', text, purpose: 'setconf' }], dependencies).filter(
    ({ code }) => code === 'bad-endpoint',
  )
  expect(found.map(({ message, severity }) => [message, severity])).toEqual(
    says === undefined ? [] : [[expect.stringMatching(says), 'warning']],
  )
})

test.each([';', '//', '--'])('%s begins no comment', (mark) => {
  const found = lint([{ file: 'a', text: `[Interface]\n${mark} words\n`, purpose: 'setconf' }], dependencies)
  expect(found).toContainEqual(
    expect.objectContaining({ code: 'unknown-key', message: `"${mark}" does not begin a comment` }),
  )
})

test.each(['-1', '+0', '-0'])('%s is not the name of a table', (table) => {
  const found = lint(
    [{ file: 'a', text: `[Interface]\nTable = ${table}\n`, purpose: 'wg-quick' }],
    dependencies,
  )
  expect(found.map(({ code }) => code)).toContain('bad-table')
})

test.each([
  [
    '[Interface]\n[Peer]\n  # KillSwitch = on\n',
    3,
    3,
    'KillSwitch has no effect outside of [Interface]',
    'error',
  ],
  ['# Masquerade = auto\n[Interface]\n', 1, 1, 'Masquerade has no effect outside of [Interface]', 'error'],
  ['[Interface]\n# ReplyOutside = 1\n', 2, 18, 'ReplyOutside takes on or off, found "1"', 'error'],
  [
    '[Interface]\n[Peer]\n# Expires = 2027-02-30\n',
    3,
    13,
    'Expires takes a date such as 2026-12-31, found "2027-02-30"',
    'warning',
  ],
])('what up refuses of comments, or reads otherwise: %j', (text, line, column, message, severity) => {
  const found = lint([{ file: 'a', text, purpose: 'wg-quick' }], dependencies)
  expect(found).toContainEqual(
    expect.objectContaining({ code: 'bad-directive', severity, message, at: { file: 'a', line, column } }),
  )
})

test('a key is not the name of a table', () => {
  const text = `[Interface]\nPrivateKey = ${key}\nTable = ${key}\n`
  const found = lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], dependencies)
  expect(found.map(({ code }) => code)).toContain('bad-table')
})

test.each(['utf16le', 'utf16be', 'utf16le without mark'])('one finding about a file in %s', (form) => {
  const text = `[Interface]\nPrivateKey = ${key}\n`
  const bytes = Buffer.from(form.endsWith('mark') ? text : `\ufeff${text}`, 'utf16le')
  if (form === 'utf16be') bytes.swap16()
  const found = lint(
    [{ file: 'wg0.conf', text: decodeSource(bytes).text, purpose: 'wg-quick' }],
    dependencies,
  )
  expect(found.map(({ code, severity }) => [code, severity])).toEqual([['wide-encoding', 'error']])
})

test.each(['', '\r', '\n', '\r\n'])(
  'one finding about a file whose lines end with CR, and itself with %j',
  (end) => {
    const text = `[Interface]\rPrivateKey = ${key}\r[Peer]\rPublicKey = ${key}${end}`
    const found = lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], dependencies)
    expect(found.map(({ code }) => code)).toEqual(['no-line-ends'])
  },
)

test('a byte-order mark is said once', () => {
  const text = `\ufeff[Interface]\nPrivateKey = ${key}\nAddress = 10.0.0.2/24\n`
  const found = lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], dependencies)
  expect(found.map(({ code }) => code)).toEqual(['byte-order-mark'])
})

test('multicast prefixes of a routing protocol are meant', () => {
  const text = `[Interface]\nPrivateKey = ${key}\nAddress = 10.0.0.2/24, fe80::2/64\nTable = off\n[Peer]\nPublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=\nEndpoint = 192.0.2.1:1\nPersistentKeepalive = 25\nAllowedIPs = 10.0.0.0/24, 224.0.0.5/32, 224.0.0.0/4, ff02::5/128, fe80::/10\n`
  expect(lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], dependencies)).toEqual([])
})

test.each([
  ['Jc = 4\nJmin = 40\nJmax = 70\nS1 = 1\nS2 = 2\nH1 = 1\nH2 = 2\nH3 = 3\nH4 = 4', 'AmneziaWG 1.0'],
  ['Jc = 4\nI1 = <b 0x00>', 'AmneziaWG 1.5'],
  ['Jc = 4\nH1 = 1-5', 'AmneziaWG 2.0'],
  [`HeaderProtectionKey = ${key}\nContentPaddingAddition = 0-32\nS4 = 3`, 'AmneziaWG 3.0'],
  ['RandomTrailers = true\nDisableCookies = false\nJc = 4', 'AmneziaWG 3.1'],
  ['IncludedApplications = org.example.a', 'Android'],
  ['Reserved = 1,2,3', 'WARP'],
  ['AllowedApps = a.exe\nDisallowedIPs = 10.0.0.0/8', 'WireSock'],
])('one finding about %j names the product', (lines, product) => {
  const text = `[Interface]\nPrivateKey = ${key}\n${lines}\n`
  const found = lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], dependencies)
  expect(found).toMatchObject([{ code: 'other-program', severity: 'error', hint: expect.any(String) }])
  expect(found[0]?.message).toContain(product)
  expect(JSON.stringify(found)).not.toContain(key)
})

test.each([
  ['Endpoint = 192.0.2.8:51820, 192.0.2.9:51820', 'bad-endpoint', 'keep one of them'],
  ['Endpoint = bücher.example:51820', 'bad-endpoint', 'write xn--bcher-kva.example:51820'],
  ['Endpoint = [bücher.example]:51820', 'bad-endpoint', 'write xn--bcher-kva.example:51820'],
  ['Name = phone', 'unknown-key', '# Name'],
  ['FriendlyName = phone', 'unknown-key', '# Name'],
])('%s: what to write instead', (line, code, hint) => {
  const text = `[Interface]\nPrivateKey = ${key}\nListenPort = 1\nAddress = 10.0.0.2/24\n[Peer]\nPublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=\nAllowedIPs = 10.0.0.0/24\n${line}\n`
  const found = lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], dependencies)
  expect(found).toMatchObject([{ code, hint: expect.stringContaining(hint) }])
})
