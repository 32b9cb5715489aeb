// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'

const whyNot = whyNotBuilt()
if (whyNot !== undefined) console.warn(`skipped: ${whyNot}`)

const directory = mkdtempSync(join(tmpdir(), 'wgq-config-'))
afterAll(() => rmSync(directory, { recursive: true }))

const own = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const phone = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='
const tunnel = `[Interface]
PrivateKey = ${own}
Address = 10.0.0.2/24

[Peer]
PublicKey = ${phone}
AllowedIPs = 10.0.0.0/24
Endpoint = 192.0.2.1:51820
PersistentKeepalive = 25
`
const put = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text, { mode: 0o600 })
  return name
}

/** `wgq ARGS` in the folder of the files; colours off. */
const wgq = (args: readonly string[], input = '') => {
  const { status, stdout, stderr } = spawnSync(join(builtBin, 'wgq'), args, {
    cwd: directory,
    input,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' },
  })
  return { status, stdout, stderr }
}

test.skipIf(whyNot !== undefined).each([
  [['doctor', '--help'], 'wgq doctor'],
  [['up', 'wg0', '--help'], 'wgq up'],
  [['peer', 'add', 'wg0', '-h', '--help'], 'wgq peer add'],
  [['lint', '-h'], 'wgq lint'],
])('%j explains the verb', (args, usage) => {
  const { status, stdout } = wgq(args)
  expect(status).toBe(0)
  expect(stdout.split('\n')[0]).toMatch(new RegExp(`^Usage: ${usage}\\b`))
})

describe.skipIf(whyNot !== undefined)('verbs about configuration files', () => {
  test('lint: 0 and no word for a good file', () => {
    expect(wgq(['lint', put('wg0.conf', tunnel)])).toEqual({
      status: 0,
      stdout: '',
      stderr: 'no findings in 1 file\n',
    })
  })

  test('lint: 1 for an error; the place, the line, a caret; never the secret', () => {
    const bad = put('wg1.conf', tunnel.replace(own, own.slice(0, -1)))
    const { status, stdout } = wgq(['lint', bad])
    expect(status).toBe(1)
    expect(stdout).toContain(
      'wg1.conf:2:14: error: A key is 44 base64 characters ending in "=", found 43 characters',
    )
    expect(stdout).toContain(`   2 | PrivateKey = ${'*'.repeat(43)}\n     |              ${'^'.repeat(43)}\n`)
    for (const format of ['--json', '--sarif'])
      expect(wgq(['lint', format, bad]).stdout).not.toContain(own.slice(0, 20))
  })

  test('lint: warnings decide with --strict only; --quiet leaves out what is worth knowing', () => {
    const odd = put(
      'wg2.conf',
      tunnel.replace('10.0.0.0/24', '10.0.0.1/24').replace('PersistentKeepalive = 25\n', ''),
    )
    expect(wgq(['lint', odd]).status).toBe(0)
    expect(wgq(['lint', '--strict', odd]).status).toBe(1)
    const codes = (...args: string[]) =>
      (
        JSON.parse(wgq(['lint', '--json', ...args, odd]).stdout) as { findings: { code: string }[] }
      ).findings.map(({ code }) => code)
    expect(codes()).toEqual(['keepalive-missing', 'host-bits'])
    expect(codes('-q')).toEqual(['host-bits'])
  })

  test('lint: reads standard input and compares files', () => {
    expect(wgq(['lint', '-'], '[Peers]\n').stdout).toContain('did you mean [Peer]?')
    const other = put('b.conf', '[Interface]\nPrivateKey = ANJs8rwZUIYlM9pdyPOyNUhlmeIr5XDUC543xOSG438=\n')
    expect(wgq(['lint', put('wg0.conf', tunnel), other]).stdout).toContain('[pair-unknown-peer]')
  })

  test.each([
    [['lint'], 'lint: <file> is missing'],
    [['lint', '--jsno', 'wg0.conf'], 'there is no option --jsno'],
    [['lint', './nothing.conf'], "`./nothing.conf' does not exist"],
    [['allowed-ips', '10.0.0.0/33'], 'found "10.0.0.0/33"'],
    [['allowed-ips', 'lan'], 'found "lan"'],
    [['export', 'wg0.conf'], '--to takes'],
    [['export', '--to', 'windows', 'wg0.conf'], 'found "windows"'],
    [['import', 'wg0.conf'], 'A profile of another program is expected'],
    [['qr', 'huge.conf'], 'A QR code holds 2953 bytes'],
  ])('%j fails in one line and a hint', (args, message) => {
    put('wg0.conf', tunnel)
    const peers = tunnel.slice(tunnel.indexOf('[Peer]')).repeat(30)
    put('huge.conf', tunnel + peers)
    const { status, stdout, stderr } = wgq(args)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^wgq: [^\n]*\n(?: {2}hint: [^\n]*\n)?$/)
  })

  test('allowed-ips: a list, lines or JSON', () => {
    const list = ['0.0.0.0/1', '--except', '0.0.0.0/2,::/0']
    expect(wgq(['allowed-ips', ...list]).stdout).toBe('64.0.0.0/2\n')
    expect(wgq(['allowed-ips', '10.0.0.0/9,fd00::/8', '10.128.0.0/9']).stdout).toBe('10.0.0.0/8, fd00::/8\n')
    expect(wgq(['allowed-ips', '--lines', '10.0.0.1 10.0.0.3']).stdout).toBe('10.0.0.1/32\n10.0.0.3/32\n')
    expect(wgq(['allowed-ips', '--json', '10.0.0.1']).stdout).toBe('["10.0.0.1/32"]\n')
    expect(wgq(['allowed-ips', '10.0.0.1', '--except', '10.0.0.0/8'])).toMatchObject({
      status: 0,
      stdout: '',
    })
  })

  test.each([
    ['export', '--to', 'networkd', 'wg0.conf'],
    ['strip', './wg0.conf'],
    ['qr', 'wg0.conf'],
    ['lint', '--json', 'wg0.conf'],
    ['import', 'wg0.nmconnection'],
    ['genkey'],
    ['help'],
  ])('%s: an output that cannot be written is a failure with its cause', (...args) => {
    put('wg0.conf', tunnel)
    put('wg0.nmconnection', '[connection]\ntype=wireguard\n')
    const into = (script: string) =>
      spawnSync('bash', ['-c', script, join(builtBin, 'wgq'), ...args], { cwd: directory, encoding: 'utf8' })
    const full = into('"$0" "$@" >/dev/full')
    expect(full).toMatchObject({ status: 1, stderr: expect.stringContaining('No space left on device') })
    const closed = into('{ sleep 0.01; "$0" "$@"; echo $? >&2; } 2> >(cat >&2) | :; wait')
    expect(closed.stderr).toMatch(/standard output cannot be written: Broken pipe\n1\n$/)
    const none = into('"$0" "$@" >&-')
    expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining('Bad file descriptor') })
  })

  test.each([
    [['lint', '--json', join(directory, 'wg0.conf')], '"findings"'],
    [['import', join(directory, 'wg0.nmconnection')], '[Interface]'],
    [['allowed-ips', '::1'], '::1/128'],
    [['wait', 'wgnone0', '--timeout', '0.01'], 'did not appear'],
  ])('%j works in a folder that was removed', (words, said) => {
    put('wg0.conf', tunnel)
    put('wg0.nmconnection', '[connection]\ntype=wireguard\n')
    const script = 'mkdir gone && cd gone && rmdir ../gone && "$0" "$@"'
    const { stdout, stderr } = spawnSync('bash', ['-c', script, join(builtBin, 'wgq'), ...words], {
      cwd: directory,
      encoding: 'utf8',
    })
    expect(stdout + stderr).not.toContain('internal error')
    expect(stdout + stderr).toContain(said)
  })

  test('export does not replace the rc.conf of a machine', () => {
    put('wg0.conf', tunnel)
    mkdirSync(join(directory, 'etc'), { recursive: true })
    put('etc/rc.conf', 'hostname="bsd"\n')
    const { status, stderr } = wgq(['export', '--to', 'rc.conf', '--output', 'etc', 'wg0.conf'])
    expect([status, stderr.split('\n')[0]]).toEqual([
      1,
      "wgq: `etc/rc.conf' is there already and stays as it is",
    ])
    expect(readdirSync(join(directory, 'etc'))).toEqual(['rc.conf'])
    expect(readFileSync(join(directory, 'etc/rc.conf'), 'utf8')).toBe('hostname="bsd"\n')
  })

  test.each([
    [`AllowedIPs = 10.0.0.0/8,,x`, 'stray-comma'],
    [`Jc = 4`, 'AmneziaWG'],
  ])('export and qr refuse a file with %s and write nothing', (line, said) => {
    put('wg0.conf', tunnel.replace('[Peer]', `[Peer]\n${line}`))
    for (const args of [['export', '--to', 'networkmanager'], ['export', '--to', 'rc.conf'], ['qr']]) {
      const { status, stdout, stderr } = wgq([...args, 'wg0.conf'])
      expect([status, stdout]).toEqual([1, ''])
      expect(stderr).toContain(said)
    }
  })

  test('qr, export and import read standard input as `-`', () => {
    expect(wgq(['qr', '-', '--svg', 'code.svg'], tunnel).status).toBe(0)
    expect(readFileSync(join(directory, 'code.svg'), 'utf8')).toContain('<svg')
    const { status, stdout: profile } = wgq(['export', '--to', 'networkmanager', '-'], tunnel)
    expect([status, profile.split('\n')[1]]).toEqual([0, 'id=wg0'])
    expect(wgq(['import', '-'], profile)).toEqual({ status: 0, stdout: tunnel, stderr: '' })
    const wrong = wgq(['export', '--to', 'networkd', '-'], tunnel.replace('Endpoint', 'Endpiont'))
    expect(wrong).toMatchObject({ status: 1, stdout: '' })
    expect(wrong.stderr).toContain('/dev/stdin:8:1: error: "Endpiont" is not a key of this section')
  })

  test('qr does not write two pictures into one file', () => {
    put('wg0.conf', tunnel)
    const { status, stderr } = wgq(['qr', '--svg', 'one', '--png', './one', 'wg0.conf'])
    expect([status, stderr]).toEqual([1, 'wgq: --svg and --png take two files, found "one" for both\n'])
    expect(readdirSync(directory)).not.toContain('one')
  })

  test('import names line ends of old Macs', () => {
    put('cr.nmconnection', '[connection]\rtype=wireguard\r')
    expect(wgq(['import', 'cr.nmconnection']).stderr).toBe(
      "wgq: The lines of `cr.nmconnection' end with CR alone: all of it is one line\n  hint: tr '\\r' '\\n' < cr.nmconnection makes lines of them\n",
    )
  })

  test('export has the peers of drop-ins', () => {
    put('server.conf', tunnel)
    mkdirSync(join(directory, 'server.conf.d'))
    put('server.conf.d/a.conf', `[Peer]\nPublicKey = ${own}\nAllowedIPs = 10.0.0.9/32\n`)
    const { stdout } = wgq(['export', '--to', 'networkd', 'server.conf'])
    expect(stdout).toContain('AllowedIPs=10.0.0.9/32\n')
  })

  test.each(['very-long-name-from-router.conf', 'my tunnel.conf', '51820.conf'])(
    'the interface of a profile from %s has a valid name, and a word says so',
    (file) => {
      put(file, tunnel)
      const { stdout, stderr } = wgq(['export', '--to', 'networkmanager', file])
      expect(/^interface-name=(.*)$/m.exec(stdout)?.[1]).toMatch(/^[a-z][a-z0-9-]{0,14}$/)
      expect(stderr).toContain('it cannot be that of an interface')
    },
  )

  test('import writes a private file, and warns where everybody could read the key', () => {
    put('wg0.nmconnection', '[connection]\ntype=wireguard\ninterface-name=wg0\n')
    expect(wgq(['import', 'wg0.nmconnection', '--output', 'new.conf']).stdout).toBe('')
    expect(statSync(join(directory, 'new.conf')).mode & 0o777).toBe(0o600)
    const redirect = 'umask 022; "$0" import wg0.nmconnection > open.conf'
    const { stderr } = spawnSync('bash', ['-c', redirect, join(builtBin, 'wgq')], {
      cwd: directory,
      encoding: 'utf8',
    })
    expect(stderr).toContain('world accessible file')
  })

  test.each([
    ['network:\n  tunnels:\n    wg0:\n      mode: wireguard\n', /netplan.*\n.*netplan generate/],
    [`# of the router\n\nconfig interface 'wg0'\n\toption private_key '${own}'\n`, /OpenWrt.*\n.*showconf/],
    [`\tset interfaces wireguard wg0 private-key '${own}'\n`, /VyOS.*\n.*showconf/],
    [`{"privateKey":"${own}"}\n`, /JSON.*\n.*\.conf/],
    [`<?xml version="1.0"?>\n<privkey>${own}</privkey>\n`, /XML.*\n.*export/],
    ['interface: wg0\n  public key: (none)\n', /wg show.*\n.*wg showconf/],
  ])('import names what it was given: %j', (text, said) => {
    put('other', text)
    const { status, stdout, stderr } = wgq(['import', 'other'])
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(said)
    expect(stderr).not.toContain(own)
  })

  test('import: a .network of any sections; drop-ins beside it are named', () => {
    put('wg9.netdev', `[NetDev]\nName=wg9\nKind=wireguard\n[WireGuard]\nPrivateKey=${own}\n`)
    put('wg9.network', '[Match]\nName=wg9\n[Address]\nAddress=10.9.0.2/24\n')
    mkdirSync(join(directory, 'wg9.network.d'))
    put('wg9.network.d/10-mtu.conf', '[Link]\nMTUBytes=1300\n')
    const { status, stdout, stderr } = wgq(['import', 'wg9.netdev', 'wg9.network'])
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('Address = 10.9.0.2/24\n')
    expect(stderr).toContain('lost: wg9.network.d/10-mtu.conf: append it to wg9.network')
  })

  test('qr: says what it leaves out and that it is secret; pictures are private', () => {
    const shown = wgq(['qr', put('wg0.conf', tunnel.replace('Address', 'PostUp = true\nAddress'))])
    expect(shown.stderr).toBe(
      'wgq: left out, the apps do not know it: PostUp\nwgq: the code holds the private key of wg0.conf\n',
    )
    const lines = shown.stdout.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(20)
    expect(new Set(lines.map((line) => line.length)).size).toBe(1)
    expect(wgq(['qr', 'wg0.conf', '--svg', 'code.svg']).status).toBe(0)
    expect(readFileSync(join(directory, 'code.svg'), 'utf8')).toMatch(/<svg .*<rect .*<\/svg>\n$/s)
    expect(statSync(join(directory, 'code.svg')).mode & 0o777).toBe(0o600)
  })

  test('export and import: there and back, files with the modes that their readers need', () => {
    put('wg0.conf', tunnel)
    expect(wgq(['export', '--to', 'networkmanager', '--output', '.', 'wg0.conf']).status).toBe(0)
    expect(wgq(['import', 'wg0.nmconnection'])).toEqual({ status: 0, stdout: tunnel, stderr: '' })
    expect(wgq(['export', '--to', 'networkd', '--output', '.', 'wg0.conf']).status).toBe(0)
    expect(wgq(['import', 'wg0.netdev', 'wg0.network']).stdout).toBe(tunnel)
    const modes = ['wg0.nmconnection', 'wg0.netdev'].map(
      (name) => statSync(join(directory, name)).mode & 0o777,
    )
    expect(modes).toEqual([0o600, 0o640])
    expect(readdirSync(directory).filter((name) => name.includes('.wgq-'))).toEqual([])
  })
})
