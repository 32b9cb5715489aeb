// SPDX-License-Identifier: MIT
// The link goes down and up faster than anybody looks, and ports are taken: the socket is there whenever it can be.
import { afterEach, describe, expect, it } from 'vitest'
import { Daemon } from '../support/daemon.ts'
import { long, program, testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { Namespace, until } from '../support/netns.ts'
import { Tunnel } from '../support/tunnel.ts'
import { UdpPort } from '../support/udp-port.ts'

const why = whyNoTunnel('unshare')
if (why) console.log(`link flap tests skipped: ${why}`)

/** Cycles of each test; wireguard-go fails none of 400. */
const cycles = long ? 2000 : 200

describe.skipIf(why)('a link that flaps', () => {
  let tunnel: Tunnel | undefined
  const spaces: Namespace[] = []
  afterEach(() => {
    tunnel?.remove()
    tunnel = undefined
    for (const ns of spaces.splice(0)) ns.remove()
  })

  const listens = (ns: Namespace, port: string): boolean => ns.run('ss', '-uanH').includes(`:${port} `)

  const flap = async (ns: Namespace, device: string): Promise<void> => {
    const batch = Array.from({ length: 25 }, () => `link set ${device} down\nlink set ${device} up\n`)
    const done = await ns.finish('sh', [
      '-c',
      `for i in $(seq ${cycles / 25}); do printf '%b' '${batch.join('').replaceAll('\n', '\\n')}' | ip -batch -; done`,
    ])
    expect(done.status, done.stderr).toBe(0)
  }

  it.each(['idle', 'flooded'] as const)('has its port after every cycle, %s', async (how) => {
    tunnel = await Tunnel.open({ label: 'flap', env: { LOG_LEVEL: 'verbose' } })
    const { a, b } = tunnel
    expect(tunnel.ping()).toBe(true)
    if (how === 'flooded') b.ns.start('ping', ['-q', '-n', '-f', '-c', '100000000', a.inner.v4])
    await flap(a.ns, a.device)
    a.ns.run('ip', 'address', 'replace', `${a.inner.v4}/24`, 'dev', a.device)
    // A word of it in the log would be one failure, mended or not.
    expect(a.daemon.log).not.toMatch(/cannot listen|Unable to bring/i)
    expect(listens(a.ns, String(a.port))).toBe(true)
    expect(tunnel.ping('a', '-c', '3', '-W', '5')).toBe(true)
  })

  it('goes back to a port that it left a moment ago', async () => {
    tunnel = await Tunnel.open({ label: 'flap' })
    const { a } = tunnel
    expect(tunnel.ping()).toBe(true)
    const loop = `for i in $(seq ${cycles / 4}); do wg set ${a.device} listen-port 11111 && wg set ${a.device} listen-port ${a.port} || exit 1; done`
    const done = await a.ns.finish('sh', ['-c', loop])
    expect(done.status, done.stderr).toBe(0)
  })

  it.skipIf(!testingOurs)('says that its port is taken, and takes it when it is free', async () => {
    const ns = new Namespace('flap')
    spaces.push(ns)
    const daemon = await Daemon.start(ns)
    daemon.set('listen-port', '5151')
    const holder = await UdpPort.open(ns, '0.0.0.0', 5151)
    ns.run('ip', 'link', 'set', daemon.device, 'up')
    // No port is what `wg` shows of a device that does not listen.
    expect(daemon.show('listen-port')).toBe('0')
    const [found] = JSON.parse(ns.run(program('wgq'), 'show', '--json', daemon.device)).interfaces
    expect(found).toMatchObject({ listenPort: 0, listenError: 'EADDRINUSE' })
    const told = 'cannot listen on port 5151: Address already in use'
    await until('the log', () => daemon.log.includes(told))
    holder.close()
    await until('the port', () => daemon.show('listen-port') === '5151')
    expect(listens(ns, '5151')).toBe(true)
    expect(daemon.log.match(/cannot listen/g)).toHaveLength(1)
  })

  it.skipIf(!testingOurs)('is not a reason to open more and more descriptors', async () => {
    tunnel = await Tunnel.open({ label: 'flap' })
    const { a } = tunnel
    const before = a.daemon.usage().descriptors
    await flap(a.ns, a.device)
    expect(a.daemon.usage().descriptors).toBeLessThanOrEqual(before + 2)
  })
})
