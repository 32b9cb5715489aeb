// SPDX-License-Identifier: MIT
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { socketFolder } from '../support/daemon.ts'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel()
if (why) console.warn(`features/observe: skipped: ${why}`)

const socketOf = (name: string): string => `${socketFolder}/${name}.sock`

describe.skipIf(why)('looking at a tunnel', () => {
  let tunnel: LiveTunnel
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
  })
  afterAll(() => tunnel?.remove())

  test('wait gives up with 4, ends when the interface and the handshake come', async () => {
    expect(tunnel.wgq('wait', tunnel.device, '--timeout', '0.2').status).toBe(4)
    tunnel.up()
    expect(tunnel.wgq('wait', tunnel.device).status).toBe(0)
    // It asks the peers itself, which answer.
    expect(tunnel.wgq('wait', tunnel.device, '--handshake', '--timeout', '5').status).toBe(0)
  })

  test('watch prints a handshake, a peer that goes, and down, as lines of JSON', async () => {
    // A tunnel that has not shaken hands yet.
    tunnel.wgq('down', tunnel.configPath)
    tunnel.up()
    const watch = tunnel.ns.start(program('wgq'), ['watch', '--interval', '0.1', tunnel.device])
    let text = ''
    watch.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    const events = () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { event: string; peer?: string })
    await until('the first event', () => events().some(({ event }) => event === 'up'))
    expect(tunnel.reaches(3)).toBe(true)
    const [alpha, beta] = tunnel.peers
    await until('the handshake', () =>
      events().some(({ event, peer }) => event === 'handshake' && peer === beta?.publicKey),
    )
    tunnel.wgq('set', tunnel.device, 'peer', alpha?.publicKey as string, 'remove')
    await until('the peer to go', () =>
      events().some(({ event, peer }) => event === 'peer-removed' && peer === alpha?.publicKey),
    )
    tunnel.wgq('down', tunnel.configPath)
    await until('down', () => events().some(({ event }) => event === 'down'))
    watch.kill()
    tunnel.up()
  })

  test('metrics over HTTP and on standard output agree on the peers', async () => {
    const once = tunnel.wgq('metrics', tunnel.device).stdout
    expect(once).toContain(`wireguard_peers{interface="${tunnel.device}"} 2`)
    const server = tunnel.ns.start(program('wgq'), ['metrics', tunnel.device, '--listen', '127.0.0.1:9586'])
    let said = ''
    server.stderr?.setEncoding('utf8').on('data', (more: string) => {
      said += more
    })
    await until('the server', () => said.includes('serving http://127.0.0.1:9586/metrics'))
    const fetch = (path: string) =>
      tunnel.ns.tryRun(process.execPath, [
        '-e',
        `fetch('http://127.0.0.1:9586${path}').then(async (r) => console.log(r.status, await r.text()))`,
      ])
    expect(fetch('/metrics').stdout).toContain(`wireguard_peer_info{interface="${tunnel.device}"`)
    expect(fetch('/').stdout).toMatch(/^404 /)
    expect(fetch('/metrics?collect=all').stdout).toMatch(/^200 /)
    const head = tunnel.ns.tryRun(process.execPath, [
      '-e',
      "fetch('http://127.0.0.1:9586/metrics', { method: 'HEAD' }).then(async (r) => console.log(r.status, [await r.text()]))",
    ])
    expect(head.stdout).toBe("200 [ '' ]\n")
    // As a proxy asks (RFC 9112 §3.2.2).
    const whole = tunnel.ns.tryRun(process.execPath, [
      '-e',
      "require('http').get({ port: 9586, path: 'http://tunnel.example:9586/metrics?a' }, (r) => { console.log(r.statusCode); r.resume() })",
    ])
    expect(whole.stdout).toBe('200\n')
    const missing = tunnel.wgq('metrics', 'wg-missing')
    expect(missing.status).toBe(1)
    expect(missing.stderr).toContain('There is no WireGuard interface wg-missing')
  })

  test('a daemon that never answers hides no other one', async () => {
    const mute = createServer()
    await new Promise<void>((resolve) => mute.listen(socketOf(`${tunnel.device}m`), resolve))
    const look = async (...words: string[]) => {
      const done = await tunnel.ns.finish(program('wgq'), words, { env: { WGQ_SOCKET_TIMEOUT: '0.3' } })
      return { ...done, told: done.stderr.includes(`${tunnel.device}m: Connection timed out`) }
    }
    try {
      tunnel.ns.run('ip', 'link', 'add', `${tunnel.device}m`, 'type', 'veth', 'peer', 'name', 'mute1')
      for (const words of [['metrics'], ['show'], ['show', '--json']]) {
        const { status, stdout, told } = await look(...words)
        expect([status, told], words.join(' ')).toEqual([0, true])
        expect(stdout).toContain(tunnel.device)
      }
      expect(await look('metrics', `${tunnel.device}m`)).toMatchObject({ status: 1, told: true })
      const { status, stdout } = await look('doctor', `${tunnel.device}m`)
      expect(status).toBe(3)
      expect(stdout).toContain('Its daemon hangs')
    } finally {
      mute.close()
      tunnel.ns.tryRun('ip', ['link', 'del', `${tunnel.device}m`])
    }
  })

  test('doctor finds nothing wrong with a tunnel that works', () => {
    expect(tunnel.reaches(2) && tunnel.reaches(3)).toBe(true)
    const done = tunnel.wgq('doctor', tunnel.device, '--json')
    expect(done.status, done.stdout).toBe(0)
    const [{ findings }] = JSON.parse(done.stdout) as [{ findings: { status: string; check: string }[] }]
    expect(findings.filter(({ status }) => status === 'problem' || status === 'warning')).toEqual([])
    expect(findings.filter(({ check }) => check === 'handshake').map(({ status }) => status)).toEqual([
      'ok',
      'ok',
    ])
  })

  test('doctor follows a packet, and says why there is no handshake, no route, no interface', () => {
    const path = tunnel.wgq('doctor', tunnel.device, '--to', '10.60.0.2').stdout
    expect(path).toContain('encrypted to 10.77.1.2:51820, leaving through up1')
    tunnel.wgq(
      'set',
      tunnel.device,
      'peer',
      tunnel.peers[0]?.publicKey as string,
      'endpoint',
      '203.0.113.7:9',
    )
    tunnel.ns.run('ip', 'route', 'del', 'default')
    const broken = tunnel.wgq('doctor', tunnel.device)
    expect(broken.status).toBe(3)
    expect(broken.stdout).toContain('there is no route to its endpoint 203.0.113.7:9')
    expect(tunnel.wgq('doctor', 'wg-missing')).toMatchObject({ status: 3 })
  })

  test('a peer is named by its comment wherever a key is accepted', () => {
    const done = tunnel.wgq('wait', tunnel.device, '--peer', '@nobody')
    expect(done.status).toBe(1)
    expect(done.stderr).toContain('No peer is called "nobody"')
    const named = tunnel.wgq('show', tunnel.device).stdout
    expect(named).toMatch(/^ {2}name: alpha$/m)
    const set = tunnel.wgq('set', tunnel.device, 'peer', '@beta', 'persistent-keepalive', '7')
    expect(set.status, set.stderr).toBe(0)
    expect(tunnel.wgq('show', tunnel.device, 'persistent-keepalive').stdout).toContain(
      `${tunnel.peers[1]?.publicKey}\t7`,
    )
  })
})
