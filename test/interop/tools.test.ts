// SPDX-License-Identifier: MIT
// Debian's tools drive our daemon, and our tools drive Debian's daemon.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Daemon, socketFolder, withFile } from '../support/daemon.ts'
import { ownWg, subject, wg, whyNoTunnel, wireguardGo } from '../support/implementation.ts'
import { connect, Namespace, until } from '../support/netns.ts'
import { makeTextKeys } from '../support/tunnel.ts'

const why = whyNoTunnel('wg-quick')
if (why) console.log(`tool tests skipped: ${why}`)

describe.skipIf(why)('tools', () => {
  const spaces: Namespace[] = []
  const space = (): Namespace => {
    const ns = new Namespace('tools')
    spaces.push(ns)
    return ns
  }
  afterEach(() => {
    for (const ns of spaces.splice(0)) ns.remove()
  })

  const configuration = (own: string, peers: readonly string[]): string =>
    [
      '[Interface]',
      `PrivateKey = ${own}`,
      'ListenPort = 4141',
      'FwMark = 0x77',
      ...peers.flatMap((peer, i) => [
        '[Peer]',
        `PublicKey = ${peer}`,
        `PresharedKey = ${makeTextKeys().privateKey}`,
        `AllowedIPs = 10.${i}.0.0/16, fd00:${i + 1}::/32, 172.16.${i}.7/24`,
        `Endpoint = ${i % 2 ? `[fd55::${i + 1}]` : `192.0.2.${i + 1}`}:${4000 + i}`,
        `PersistentKeepalive = ${i}`,
      ]),
      '',
    ].join('\n')

  it.each([
    ['wgqd', "Debian's wg", subject, wg],
    ['wireguard-go', 'our wg', wireguardGo, ownWg],
    ['wgqd', 'our wg', subject, ownWg],
  ] as const)('%s takes and gives back what %s sets', async (_daemon, _tool, implementation, tool) => {
    if (!existsSync(ownWg) && tool === ownWg) throw new Error('our wg is not built')
    const ns = space()
    const daemon = await Daemon.start(ns, { implementation })
    const own = makeTextKeys()
    const peers = Array.from({ length: 5 }, () => makeTextKeys().publicKey)
    const text = configuration(own.privateKey, peers)
    withFile(text, (file) => ns.run(tool, 'setconf', daemon.device, file))
    const show = (field: string): string => ns.run(tool, 'show', daemon.device, field)
    expect(show('public-key').trim()).toBe(own.publicKey)
    expect(show('listen-port').trim()).toBe('4141')
    expect(show('fwmark').trim()).toBe('0x77')
    expect(show('peers').trim().split('\n').sort()).toEqual([...peers].sort())
    expect(show('endpoints')).toContain(`${peers[1]}\t[fd55::2]:4001\n`)
    const allowed = show('allowed-ips')
    for (const [i, peer] of peers.entries())
      expect(
        allowed
          .split('\n')
          .find((line) => line.startsWith(peer))
          ?.split(/[\t ]/)
          .sort(),
      ).toEqual([peer, `10.${i}.0.0/16`, `fd00:${i + 1}::/32`, `172.16.${i}.0/24`].sort())
    // Written out and read in again it is the same.
    const out = ns.run(tool, 'showconf', daemon.device)
    withFile(out, (file) => ns.run(tool, 'setconf', daemon.device, file))
    expect(ns.run(tool, 'showconf', daemon.device).split('\n').sort()).toEqual(out.split('\n').sort())
    // Both tools read the same from it; wireguard-go tells its peers in another order each time.
    const lines = (program: string, ...fields: string[]) =>
      ns
        .run(program, 'show', daemon.device, ...fields)
        .split('\n')
        .sort()
    for (const field of ['dump', 'allowed-ips', 'endpoints', 'preshared-keys', 'persistent-keepalive'])
      expect(lines(ownWg, field), field).toEqual(lines(wg, field))
    expect(lines(ownWg)).toEqual(lines(wg))
  })

  it("Debian's wg-quick uses wgqd where there is no kernel driver", async () => {
    const [here, there] = [space(), space()]
    connect(
      { ns: here, dev: 'veth0', addresses: ['10.77.0.1/24'] },
      { ns: there, dev: 'veth0', addresses: ['10.77.0.2/24'] },
    )
    const far = await Daemon.start(there, { implementation: wireguardGo })
    const keys = [makeTextKeys(), makeTextKeys()] as const
    far.setconf(
      `[Interface]\nPrivateKey = ${keys[1].privateKey}\nListenPort = 20000\n[Peer]\nPublicKey = ${keys[0].publicKey}\nAllowedIPs = 10.5.0.1/32\n`,
    )
    there.run('ip', 'address', 'add', '10.5.0.2/24', 'dev', far.device)
    there.run('ip', 'link', 'set', far.device, 'up')
    const device = `wgq${process.pid}`
    const folder = mkdtempSync(join(tmpdir(), 'wgq-quick-'))
    const file = join(folder, `${device}.conf`)
    writeFileSync(
      file,
      `[Interface]\nPrivateKey = ${keys[0].privateKey}\nAddress = 10.5.0.1/24\n[Peer]\nPublicKey = ${keys[1].publicKey}\nAllowedIPs = 10.5.0.0/24\nEndpoint = 10.77.0.2:20000\n`,
      { mode: 0o600 },
    )
    try {
      const env = { WG_QUICK_USERSPACE_IMPLEMENTATION: subject.command }
      const up = await here.finish('wg-quick', ['up', file], { env, timeoutMs: 60_000 })
      expect(up.status, up.stderr).toBe(0)
      expect(here.tryRun('ping', ['-n', '-q', '-c', '1', '-W', '5', '10.5.0.2']).status).toBe(0)
      expect(here.run('wg', 'show', device, 'peers').trim()).toBe(keys[1].publicKey)
      const down = await here.finish('wg-quick', ['down', file], { env, timeoutMs: 60_000 })
      expect(down.status, down.stderr).toBe(0)
      await until('the socket to go', () => !existsSync(`${socketFolder}/${device}.sock`))
      await until('the daemon to end', () => here.pids().length === 0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
