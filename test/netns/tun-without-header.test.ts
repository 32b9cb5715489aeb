// SPDX-License-Identifier: MIT
// Kernels that take the virtio header of a TUN on opening and then refuse every packet that has one.
import { existsSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { Daemon } from '../support/daemon.ts'
import { hasOffloads, testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { connect, Namespace, until } from '../support/netns.ts'
import { type Oddities, oddKernel, whyNoOddKernel } from '../support/odd-kernel.ts'
import { transfer } from '../support/transfer.ts'
import { type End, Tunnel } from '../support/tunnel.ts'

const why =
  whyNoTunnel() ??
  whyNoOddKernel() ??
  (testingOurs ? undefined : 'wireguard-go lets it be') ??
  (hasOffloads ? undefined : 'this build asks for no virtio header')
if (why) console.log(`tests of a TUN without header skipped: ${why}`)

const mebibyte = 1 << 20
const refusal = 'The kernel refuses every packet with a virtio header (EINVAL)'
const healed = `${refusal}; the interface was attached again without it`

/** Whatever the test run itself asks for: without the header there is nothing to refuse. */
const refusing = (how: Oddities['WGQ_ODD_TUN'] & string) => ({
  ...oddKernel({ WGQ_ODD_TUN: how }),
  WGQ_TUN_OFFLOAD: 'auto',
})

const json = (ns: Namespace, ...args: string[]) => JSON.parse(ns.run('ip', '-j', ...args) || '[]')
const link = (ns: Namespace, device: string) => json(ns, '-d', 'link', 'show', 'dev', device)[0]
const exists = (ns: Namespace, device: string) =>
  ns.tryRun('ip', ['link', 'show', 'dev', device]).status === 0

/** Everything about the interface that somebody may have set. */
const settings = ({ ns, device }: End) => {
  const { ifindex, ifname, mtu, txqlen, flags } = link(ns, device)
  return {
    link: { ifindex, ifname, mtu, txqlen, up: flags.includes('UP'), carrier: flags.includes('LOWER_UP') },
    addresses: json(ns, 'address', 'show', 'dev', device)[0].addr_info,
    routes: [4, 6].map((family) => json(ns, `-${family}`, 'route', 'show', 'table', 'all', 'dev', device)),
  }
}

const told = (daemon: Daemon, text: string) => daemon.log.split('\n').filter((line) => line.includes(text))

describe.skipIf(why)('a kernel that refuses the virtio header', () => {
  let tunnel: Tunnel | undefined
  const spaces: Namespace[] = []
  afterEach(() => {
    tunnel?.remove()
    tunnel = undefined
    for (const ns of spaces.splice(0)) ns.remove()
  })
  const open = async (how: 'refuse' | 'keep' | 'lose'): Promise<Tunnel> => {
    tunnel = await Tunnel.open({ label: 'odd', mtu: 1400, env: refusing(how) })
    return tunnel
  }
  /** Has a ping its packets arrive on the other side, answered or not. */
  const knock = (from: End, to: End) =>
    from.ns.tryRun('ping', ['-n', '-q', '-c', '5', '-i', '0.2', '-W', '1', to.inner.v4])

  it('carries everything without it, and nothing else changes', async () => {
    const { a, b } = await open('refuse')
    for (const { ns, device } of [a, b]) {
      ns.run('ip', 'route', 'add', '10.99.0.0/16', 'dev', device)
      ns.run('ip', '-6', 'route', 'add', 'fd99::/64', 'dev', device, 'metric', '7')
      ns.run('ip', 'route', 'add', 'default', 'dev', device, 'table', '51820')
      expect(link(ns, device).linkinfo.info_data.vnet_hdr).toBe(true)
    }
    const before = [a, b].map(settings)
    const answered = await until('a ping to be answered', () => tunnel?.ping('a', '-c', '1', '-W', '1'))
    expect(answered).toBe(true)
    for (const { ns, daemon, device } of [a, b]) {
      expect(told(daemon, refusal)).toHaveLength(1)
      expect(told(daemon, healed)).toHaveLength(1)
      expect(link(ns, device).linkinfo.info_data).toMatchObject({ vnet_hdr: false, persist: false })
    }
    // The kernel tells of the carrier a moment later.
    await until('the carrier', () => [a, b].every((end) => settings(end).link.carrier))
    expect([a, b].map(settings)).toEqual(before)
    for (const [from, to, address] of [
      [a, b, b.inner.v4],
      [b, a, a.inner.v6],
    ] as const) {
      const moved = await transfer(from.ns, { ns: to.ns, address }, 16 * mebibyte)
      expect(moved.received).toEqual(moved.sent)
    }
    expect(told(a.daemon, 'switched off')).toEqual([])
    await a.daemon.stop('SIGTERM')
    expect(exists(a.ns, a.device)).toBe(false)
    await b.daemon.stop('SIGKILL')
    await until('the device to be gone', () => !exists(b.ns, b.device))
  })

  it('carries a transfer that begins before it was noticed', async () => {
    const { a, b } = await open('refuse')
    const moved = await transfer(a.ns, { ns: b.ns, address: b.inner.v4 }, 4 * mebibyte)
    expect(moved.received).toEqual(moved.sent)
  })

  it('and attaching without it: says so and goes on as it can', async () => {
    const { a, b } = await open('keep')
    const before = settings(b)
    knock(a, b)
    await until('the notice', () => told(b.daemon, refusal).length > 0)
    expect(
      told(b.daemon, '(EPERM: Operation not permitted, ioctl TUNSETIFF); start with WGQ_TUN_OFFLOAD=0'),
    ).toHaveLength(1)
    expect(settings(b)).toEqual(before)
    expect(link(b.ns, b.device).linkinfo.info_data).toMatchObject({ vnet_hdr: true, persist: false })
    // What it sends still leaves.
    const sent = b.daemon.transfer(a.keys.publicKey).sent
    knock(b, a)
    expect(b.daemon.transfer(a.keys.publicKey).sent).toBeGreaterThan(sent)
  })

  it('and the device on the way: the daemon ends and leaves nothing behind', async () => {
    const { a, b } = await open('lose')
    knock(a, b)
    const lost = `${refusal} and the interface was lost on attaching it again without (EIO: Input/output error, ioctl TUNSETIFF)`
    await until('the reason', () => told(b.daemon, lost).length === 1)
    await until('the end of the daemon', () => b.daemon.ended)
    expect(b.daemon.process.exitCode).toBe(1)
    expect(exists(b.ns, b.device)).toBe(false)
    expect(existsSync(b.daemon.socket)).toBe(false)
  })

  it('leaves a TUN that was moved to another namespace as it is', async () => {
    const { a, b } = await open('refuse')
    const elsewhere = new Namespace('oddc')
    spaces.push(elsewhere)
    b.ns.run('ip', 'link', 'set', b.device, 'netns', elsewhere.name)
    elsewhere.run('ip', 'address', 'add', `${b.inner.v4}/24`, 'dev', b.device)
    elsewhere.run('ip', 'link', 'set', b.device, 'up')
    await until('the daemon to listen', () => b.daemon.show('listen-port') === String(b.port))
    knock(a, b)
    await until('the notice', () => told(b.daemon, '(it is in another network namespace)').length > 0)
    expect(link(elsewhere, b.device).linkinfo.info_data).toMatchObject({ vnet_hdr: true, persist: false })
    expect(exists(b.ns, b.device)).toBe(false)
  })

  it('leaves a TUN that was made beforehand to its maker', async () => {
    const { a, b } = await open('refuse')
    const own = new Namespace('oddd')
    spaces.push(own)
    const device = `wgp${process.pid}`
    connect(
      { ns: own, dev: 'veth1', addresses: ['10.78.0.1/24'] },
      { ns: a.ns, dev: 'veth1', addresses: ['10.78.0.2/24'] },
    )
    own.run('ip', 'tuntap', 'add', 'mode', 'tun', device)
    const daemon = await Daemon.start(own, { device, env: refusing('refuse') })
    own.run('ip', 'address', 'add', `${b.inner.v4}/24`, 'dev', device)
    own.run('ip', 'link', 'set', device, 'up')
    await b.daemon.stop()
    daemon.setconf(
      `[Interface]\nPrivateKey = ${b.keys.privateKey}\nListenPort = 20000\n[Peer]\nPublicKey = ${a.keys.publicKey}\nAllowedIPs = ${a.inner.v4}/32\n`,
    )
    a.daemon.set('peer', b.keys.publicKey, 'endpoint', '10.78.0.1:20000')
    await until('a ping to be answered', () => tunnel?.ping('a', '-c', '1', '-W', '1'))
    expect(told(daemon, healed)).toHaveLength(1)
    expect(link(own, device).linkinfo.info_data).toMatchObject({ vnet_hdr: false, persist: true })
    await daemon.stop()
    expect(exists(own, device)).toBe(true)
  })
})
