// SPDX-License-Identifier: MIT
// Our verbs drive other people's daemons, which stray from the protocol each in its own way.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Implementation, program, wgqd, whyNoTunnel } from '../support/implementation.ts'
import { Namespace, until } from '../support/netns.ts'
import { makeTextKeys, Tunnel } from '../support/tunnel.ts'
import { workspace } from '../support/workspace.ts'

const bin = join(workspace, '.cache/other-daemons/bin')
const inRoot: readonly (Implementation & { readonly file: string })[] = [
  { name: 'gotatun', file: join(bin, 'gotatun'), command: join(bin, 'gotatun') },
  { name: 'boringtun', file: join(bin, 'boringtun-cli'), command: join(bin, 'boringtun-cli') },
  { name: 'wireguard-go', file: join(bin, 'wireguard'), command: join(bin, 'wireguard') },
]
const environment = { WG_SUDO: 'true', WG_LOG_FILE: '/dev/null' }

describe.each(inRoot)('$name', (daemon) => {
  const why =
    whyNoTunnel() ?? (existsSync(daemon.file) ? undefined : 'not built (scripts/other-daemons/install)')
  if (why) console.log(`interop: ${daemon.name} skipped: ${why}`)
  let tunnel: Tunnel | undefined
  afterEach(() => {
    tunnel?.remove()
    tunnel = undefined
  })
  const open = async (): Promise<Tunnel> => {
    tunnel = await Tunnel.open({ label: 'other', implementations: [daemon, wgqd], env: environment })
    return tunnel
  }
  const wgq = ({ a }: Tunnel, ...args: string[]) => a.ns.tryRun(program('wgq'), args)
  const shown = (of: Tunnel) => JSON.parse(wgq(of, 'show', '--json', of.a.device).stdout).interfaces[0]

  test.skipIf(why)('carries packets, and every verb that looks tells the truth', async () => {
    const opened = await open()
    const { a, b } = opened
    expect(opened.ping('a')).toBe(true)
    expect(shown(opened).publicKey).toBe(a.keys.publicKey)
    const age = Date.now() / 1000 - shown(opened).peers[0].latestHandshake
    expect(age).toBeGreaterThanOrEqual(-2)
    expect(age).toBeLessThan(60)
    expect(wgq(opened, 'wait', a.device, '--handshake', '--timeout', '3').status).toBe(0)
    expect(wgq(opened, 'metrics', a.device).stdout).toContain(`public_key="${b.keys.publicKey}"`)
    const doctor = wgq(opened, 'doctor', a.device)
    expect(doctor.status, doctor.stdout).toBe(0)
    expect(doctor.stdout).toMatch(/✓ peer .* last handshake [0-9]+ s ago/)
  })

  test.skipIf(why)('one allowed IP is taken away, a setting changed, the rest stays', async () => {
    const opened = await open()
    const { a, b } = opened
    const set = (...words: string[]) => wgq(opened, 'set', a.device, 'peer', b.keys.publicKey, ...words)
    expect(set('allowed-ips', '+10.5.0.0/16,+10.6.0.0/16')).toMatchObject({ status: 0, stderr: '' })
    expect(set('allowed-ips', '-10.5.0.0/16')).toMatchObject({ status: 0, stderr: '' })
    expect(set('persistent-keepalive', '7')).toMatchObject({ status: 0, stderr: '' })
    expect(shown(opened).peers).toHaveLength(1)
    expect(shown(opened).peers[0]).toMatchObject({
      allowedIps: expect.arrayContaining([`${b.inner.v4}/32`, `${b.inner.v6}/128`, '10.6.0.0/16']),
      endpoint: `${b.outer.v4}:${b.port}`,
      persistentKeepaliveSeconds: 7,
    })
    expect(shown(opened).peers[0].allowedIps).not.toContain('10.5.0.0/16')
    expect(opened.ping('a')).toBe(true)
    const other = makeTextKeys().publicKey
    expect(wgq(opened, 'set', a.device, 'peer', other, 'allowed-ips', '10.7.0.0/16').status).toBe(0)
    expect(wgq(opened, 'set', a.device, 'peer', other, 'remove').status).toBe(0)
    expect(shown(opened).peers).toHaveLength(1)
  })

  test.skipIf(why)('a clock of handshakes that is ahead is said on the other side', async () => {
    const opened = await open()
    expect(opened.ping('a')).toBe(true)
    const { ns, device } = opened.b
    const { stdout } = ns.tryRun(program('wgq'), ['doctor', device])
    if (daemon.name !== 'wireguard-go') expect(stdout).toMatch(/was used by a clock [0-9]+ s ahead/)
    else expect(stdout).not.toContain('by a clock')
  })

  test.skipIf(why)('a daemon that is gone is said to be gone', async () => {
    const opened = await open()
    const { a } = opened
    a.daemon.process.kill('SIGKILL')
    await until('its end', () => a.daemon.ended)
    const done = wgq(opened, 'show', a.device)
    expect(done.status).toBe(1)
    expect(done.stderr).toContain(`there is no interface ${a.device}`)
    expect(wgq(opened, 'doctor', a.device).status).toBe(3)
  })
})

describe.each(inRoot)('a tunnel that `up` made with $name', (daemon) => {
  const why =
    whyNoTunnel() ?? (existsSync(daemon.file) ? undefined : 'not built (scripts/other-daemons/install)')
  let ns: Namespace
  let folder: string
  let file: string
  const name = `wgo${daemon.name.slice(0, 6).replace('-', '')}`
  const wgq = (...args: string[]) =>
    ns.tryRun(program('wgq'), args, {
      env: { ...environment, WG_QUICK_USERSPACE_IMPLEMENTATION: daemon.command },
    })
  const write = (more = '', morePeer = '') =>
    writeFileSync(
      file,
      `[Interface]\nPrivateKey = ${ours.privateKey}\nAddress = 10.99.0.1/24\nListenPort = 41999\n${more}[Peer]\nPublicKey = ${theirs.publicKey}\nAllowedIPs = 10.99.0.2/32\n${morePeer}`,
      { mode: 0o600 },
    )
  const [ours, theirs] = [makeTextKeys(), makeTextKeys()]
  beforeEach(() => {
    if (why) return
    folder = mkdtempSync(join(tmpdir(), 'wgq-other-'))
    file = join(folder, `${name}.conf`)
    ns = new Namespace('made')
    write()
  })
  afterEach(() => {
    if (why) return
    wgq('down', file)
    ns.remove()
    rmSync(folder, { recursive: true })
  })
  const nobodyLeft = () => until('the end of the daemon', () => ns.pids().length === 0)

  test.skipIf(why)('is as its file says, and nothing of it is left after `down`', async () => {
    expect(wgq('up', file)).toMatchObject({ status: 0 })
    for (const verb of [
      ['doctor', name],
      ['diff', file],
      ['reload', '--check', file],
    ])
      expect(wgq(...verb), verb.join(' ')).toMatchObject({ status: 0, stderr: '' })
    expect(wgq('down', file)).toMatchObject({ status: 0 })
    await nobodyLeft()
  })

  test.skipIf(why)(
    'whose interface somebody deleted is taken down, daemon and all, and comes up again',
    async () => {
      expect(wgq('up', file)).toMatchObject({ status: 0 })
      ns.run('ip', 'link', 'delete', name)
      expect(wgq('down', file)).toMatchObject({ status: 0 })
      await nobodyLeft()
      expect(wgq('up', file)).toMatchObject({ status: 0 })
      expect(wgq('down', file)).toMatchObject({ status: 0 })
      await nobodyLeft()
    },
  )

  test.skipIf(why)('is wholly changed by `reload`, or not at all', () => {
    expect(wgq('up', file)).toMatchObject({ status: 0 })
    const before = wgq('show', name, 'dump').stdout
    write('FwMark = 0x77\n', 'PersistentKeepalive = 11\n')
    const { status, stderr } = wgq('reload', file)
    // It sometimes ends when it has to bind its port anew.
    if (daemon.name === 'gotatun' && wgq('show', name).status !== 0) {
      expect(status).not.toBe(0)
      expect(stderr).toContain('is not a WireGuard interface')
      return
    }
    // A daemon that cannot set a mark says so; then the keepalive is as it was too.
    if (status !== 0) {
      expect(stderr).toContain('everything is as it was before')
      expect(wgq('show', name, 'dump').stdout).toBe(before)
    }
    expect(wgq('diff', file).status).toBe(status === 0 ? 0 : 2)
  })

  test.skipIf(why)('whose daemon was killed is said to be gone', async () => {
    expect(wgq('up', file)).toMatchObject({ status: 0 })
    for (const pid of ns.pids()) process.kill(pid, 'SIGKILL')
    await nobodyLeft()
    write('FwMark = 0x77\n')
    expect(wgq('reload', file)).toMatchObject({ status: 1, stderr: expect.stringContaining(name) })
    expect(wgq('reload', file).stderr).not.toMatch(/Protocol not supported|error -/)
  })

  test.skipIf(why)('shows the zone of an endpoint by the name of its interface', () => {
    ns.run('ip', 'link', 'add', 'dum0', 'type', 'veth', 'peer', 'dum1')
    ns.run('ip', 'link', 'set', 'dum0', 'up')
    write('', 'Endpoint = [fe80::2%dum0]:5555\n')
    expect(wgq('up', file)).toMatchObject({ status: 0 })
    expect(wgq('show', name, 'endpoints').stdout).toBe(`${theirs.publicKey}\t[fe80::2%dum0]:5555\n`)
    expect(wgq('showconf', name).stdout).toContain('Endpoint = [fe80::2%dum0]:5555\n')
  })
})

describe('a port that another program has', () => {
  const wireguardGo = inRoot[2] as (typeof inRoot)[number]
  const why = whyNoTunnel() ?? (existsSync(wireguardGo.file) ? undefined : 'wireguard-go is not built')

  test.skipIf(why)('wireguard-go says nothing of it, doctor does', async () => {
    const tunnel = await Tunnel.open({ label: 'port', implementations: [wireguardGo, wgqd] })
    const { ns, device } = tunnel.a
    const script = `require('dgram').createSocket('udp6').bind(7777, () => console.log('bound'))`
    const other = ns.start(process.execPath, ['-e', script])
    try {
      let said = ''
      other.stdout?.on('data', (text) => {
        said += text
      })
      await until('the other program', () => said.includes('bound'))
      ns.run('ip', 'link', 'set', device, 'down')
      ns.tryRun(program('wgq'), ['set', device, 'listen-port', '7777'])
      ns.tryRun('ip', ['link', 'set', device, 'up'])
      await until('doctor to see it', () => {
        const doctor = ns.tryRun(program('wgq'), ['doctor', device])
        return doctor.status === 3 && /does not listen|belongs to another program/.test(doctor.stdout)
      })
    } finally {
      other.kill()
      tunnel.remove()
    }
  })
})
