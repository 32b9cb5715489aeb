// SPDX-License-Identifier: MIT

import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandLine } from './command-line.ts'
import { Daemon } from './daemon.ts'
import { program, wgqd } from './implementation.ts'
import { connect, type Finished, Namespace, until } from './netns.ts'
import { makeTextKeys } from './tunnel.ts'

/**
 * A tunnel as a user has it: one side brought up by `wgq up` from a file, with our own data plane; on the other side
 * its two peers, one namespace each, so that one can be changed while the other must not be affected. 10.60.0.1 is the
 * side under test, 10.60.0.2 and .3 are the peers; outside they are 10.77.N.1 and 10.77.N.2.
 */
export class LiveTunnel {
  readonly ns = new Namespace('live')
  readonly peers: readonly { readonly ns: Namespace; readonly daemon: Daemon; readonly publicKey: string }[]
  /** Interface under test. */
  readonly device: string
  readonly configPath: string
  readonly keys = makeTextKeys()
  private readonly folder = mkdtempSync(join(tmpdir(), 'wgq-live-'))

  private constructor(peers: LiveTunnel['peers'], device: string) {
    this.peers = peers
    this.device = device
    this.configPath = join(this.folder, `${device}.conf`)
  }

  /** Sets both peers up; the side under test has a file and is not up yet. */
  static async open(): Promise<LiveTunnel> {
    const device = `wgl${randomBytes(3).toString('hex')}`
    const spaces = [new Namespace('live2'), new Namespace('live3')]
    const peers = []
    for (const ns of spaces) {
      const daemon = await Daemon.start(ns, { implementation: wgqd })
      peers.push({ ns, daemon, publicKey: '' })
    }
    const made = peers.map((peer) => ({ ...peer, ...makeTextKeys() }))
    const tunnel = new LiveTunnel(made, device)
    for (const [index, peer] of made.entries()) {
      const net = index + 1
      connect(
        { ns: tunnel.ns, dev: `up${net}`, addresses: [`10.77.${net}.1/24`] },
        { ns: peer.ns, dev: 'up0', addresses: [`10.77.${net}.2/24`] },
      )
      peer.ns.run('ip', 'route', 'add', 'default', 'via', `10.77.${net}.1`)
      peer.daemon.setconf(
        `[Interface]\nPrivateKey = ${peer.privateKey}\nListenPort = 51820\n[Peer]\nPublicKey = ${tunnel.keys.publicKey}\nAllowedIPs = 10.60.0.1/32\n`,
      )
      peer.ns.run('ip', 'address', 'add', `10.60.0.${net + 1}/24`, 'dev', peer.daemon.device)
      peer.ns.run('ip', 'link', 'set', peer.daemon.device, 'up')
    }
    tunnel.ns.run('ip', 'route', 'add', 'default', 'via', '10.77.1.2')
    tunnel.write(tunnel.defaultConfig())
    return tunnel
  }

  /** The file with both peers, named alpha and beta. */
  defaultConfig(): string {
    const peers = this.peers.map(
      ({ publicKey }, index) =>
        `\n[Peer]\n# Name = ${['alpha', 'beta'][index]}\nPublicKey = ${publicKey}\nAllowedIPs = 10.60.0.${index + 2}/32\nEndpoint = 10.77.${index + 1}.2:51820\n`,
    )
    return `[Interface]\nPrivateKey = ${this.keys.privateKey}\nAddress = 10.60.0.1/24\nListenPort = 51820\n${peers.join('')}`
  }

  write(config: string): void {
    writeFileSync(this.configPath, config, { mode: 0o600 })
  }

  read(): string {
    return readFileSync(this.configPath, 'utf8')
  }

  /** Runs `wgq` outside the tunnel and waits for it. */
  wgq(...args: string[]): Finished {
    return this.ns.tryRun(program('wgq'), args, { env: { WG_QUICK_USERSPACE_IMPLEMENTATION: '' } })
  }

  /** Runs `wgq up`; throws with its output when it fails. */
  up(...options: string[]): void {
    const done = this.wgq('up', ...options, this.configPath)
    if (done.status !== 0) throw new Error(`wgq up: ${done.status}\n${done.stderr}`)
  }

  /** Returns whether peer 2 or 3 answers a ping through the tunnel within a second. */
  reaches(peer: 2 | 3): boolean {
    return this.ns.tryRun('ping', ['-c', '1', '-W', '1', `10.60.0.${peer}`]).status === 0
  }

  /** The endpoint of the first peer as `wgq show` prints it. */
  endpoint(): string | undefined {
    return this.wgq('show', this.device, 'endpoints')
      .stdout.split('\n')
      .find((line) => line.startsWith(this.peers[0]?.publicKey as string))
      ?.split('\t')[1]
  }

  /** Identifiers of the data plane of the interface under test. */
  daemonPids(): number[] {
    return this.ns
      .run('ip', 'netns', 'pids', this.ns.name)
      .split('\n')
      .filter(Boolean)
      .map(Number)
      .filter((pid) => commandLine(pid).includes(this.device) && /wgqd/.test(commandLine(pid)))
  }

  /** Waits until the interface under test exists or is gone. */
  async untilLink(present: boolean, timeoutMs = 10_000): Promise<void> {
    await until(
      `${this.device} to ${present ? 'appear' : 'go'}`,
      () => (this.ns.tryRun('ip', ['link', 'show', 'dev', this.device]).status === 0) === present,
      timeoutMs,
    )
  }

  remove(): void {
    this.wgq('down', this.configPath)
    this.ns.remove()
    for (const { ns } of this.peers) ns.remove()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
