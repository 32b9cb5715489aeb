// SPDX-License-Identifier: MIT
// The life of a daemon: start, interface down, renamed, moved, deleted; signals; a world that lacks something.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { Capture } from '../support/capture.ts'
import { Daemon, socketFolder } from '../support/daemon.ts'
import { subject, testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { Namespace, until } from '../support/netns.ts'
import { makeTextKeys, Tunnel } from '../support/tunnel.ts'

const why = whyNoTunnel('unshare', 'setpriv')
if (why) console.log(`life cycle tests skipped: ${why}`)

describe.skipIf(why)('the daemon', () => {
  const spaces: Namespace[] = []
  const space = (): Namespace => {
    const ns = new Namespace('life')
    spaces.push(ns)
    return ns
  }
  let tunnel: Tunnel | undefined
  const open = async (options: Partial<Parameters<typeof Tunnel.open>[0]> = {}): Promise<Tunnel> => {
    tunnel = await Tunnel.open({ label: 'life', ...options })
    return tunnel
  }
  afterEach(() => {
    tunnel?.remove()
    tunnel = undefined
    for (const ns of spaces.splice(0)) ns.remove()
  })

  const linkExists = (ns: Namespace, device: string) => ns.tryRun('ip', ['link', 'show', device]).status === 0

  it('makes an interface like the kernel driver: down, MTU 1420, no addresses, and a private socket', async () => {
    const ns = space()
    const daemon = await Daemon.start(ns)
    const [link] = JSON.parse(ns.run('ip', '-j', 'address', 'show', daemon.device))
    expect(link.mtu).toBe(1420)
    expect(link.flags).not.toContain('UP')
    expect(link.addr_info).toEqual([])
    expect(statSync(daemon.socket).mode & 0o077).toBe(0)
    if (testingOurs) expect(daemon.show('dump')).toBe('(none)\t(none)\t0\toff')
  })

  it.skipIf(!testingOurs)('makes an interface that is quiet as the driver makes it', async () => {
    const ns = space()
    const daemon = await Daemon.start(ns)
    ns.run('ip', 'link', 'set', daemon.device, 'up')
    const [link] = JSON.parse(ns.run('ip', '-j', '-d', 'address', 'show', daemon.device))
    expect(link.flags).not.toContain('MULTICAST')
    const [details] = JSON.parse(ns.run('ip', '-j', '-d', 'link', 'show', daemon.device))
    expect(details.inet6_addr_gen_mode).toBe('none')
    expect(link.addr_info).toEqual([])
    for (const which of [daemon.device, 'all'])
      expect(ns.run('cat', `/proc/sys/net/ipv4/conf/${which}/send_redirects`)).toBe('0\n')
  })

  it.skipIf(!testingOurs)('ends when the namespace goes that its interface was moved to', async () => {
    const ns = space()
    const other = space()
    const daemon = await Daemon.start(ns)
    ns.run('ip', 'link', 'set', daemon.device, 'netns', other.name)
    other.remove()
    await until('the daemon to end', () => daemon.ended)
    expect(existsSync(daemon.socket)).toBe(false)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('ends on %s and leaves nothing', async (signal) => {
    const ns = space()
    const daemon = await Daemon.start(ns)
    await daemon.stop(signal)
    expect(existsSync(daemon.socket)).toBe(false)
    expect(linkExists(ns, daemon.device)).toBe(false)
  })

  it('ends when the interface is deleted', async () => {
    const { a } = await open()
    expect(tunnel?.ping()).toBe(true)
    a.ns.run('ip', 'link', 'del', a.device)
    await until('the daemon to end', () => a.daemon.ended)
    expect(existsSync(a.daemon.socket)).toBe(false)
  })

  it('ends when its socket is removed', async () => {
    const ns = space()
    const daemon = await Daemon.start(ns)
    rmSync(daemon.socket)
    await until('the daemon to end', () => daemon.ended)
    expect(linkExists(ns, daemon.device)).toBe(false)
  })

  it('can be started again after it was killed', async () => {
    const ns = space()
    const first = await Daemon.start(ns)
    await first.stop('SIGKILL')
    expect(existsSync(first.socket), 'the dead daemon leaves its socket').toBe(true)
    const second = await Daemon.start(ns, { device: first.device })
    expect(second.show('peers')).toBe('')
  })

  it('refuses a name that is taken, and leaves the other alone', async () => {
    const ns = space()
    const first = await Daemon.start(ns)
    first.set('listen-port', '5151')
    const second = Daemon.launch(space(), { device: first.device })
    await until('the second to give up', () => second.ended, 20_000)
    expect(second.process.exitCode).not.toBe(0)
    expect(first.show('listen-port')).toBe('5151')
  })

  it('works again after down and up, with new keys', async () => {
    const { a, b } = await open()
    expect(tunnel?.ping()).toBe(true)
    a.ns.run('ip', 'link', 'set', a.device, 'down')
    // wireguard-go keeps its sockets: it takes the error of an empty write for a sign of life.
    const closed = () => !testingOurs || !a.ns.run('ss', '-uanH').includes(`:${a.port}`)
    await until('the socket to close', closed)
    b.daemon.set('peer', a.keys.publicKey, 'persistent-keepalive', '0')
    expect(tunnel?.ping('b', '-c', '1', '-W', '1')).toBe(false)
    a.daemon.set('peer', b.keys.publicKey, 'persistent-keepalive', '25')
    expect(closed(), 'configuring does not open sockets').toBe(true)
    a.ns.run('ip', 'link', 'set', a.device, 'up')
    await until('the keepalive to greet', () => b.daemon.transfer(a.keys.publicKey).received > 300)
    expect(tunnel?.ping()).toBe(true)
    expect(a.daemon.show('listen-port')).toBe(String(a.port))
  })

  it('does not leak when it goes up and down while packets flow', async () => {
    const { a } = await open()
    expect(tunnel?.ping()).toBe(true)
    const before = a.daemon.usage()
    a.ns.start('ping', ['-q', '-n', '-f', '-c', '1000000', tunnel?.b.inner.v4 ?? ''])
    tunnel?.b.ns.start('ping', ['-q', '-n', '-f', '-c', '1000000', a.inner.v4])
    for (let i = 0; i < 50; i++)
      await a.ns.finish('sh', [
        '-c',
        `ip link set ${a.device} down; ip link set ${a.device} up; ip addr replace ${a.inner.v4}/24 dev ${a.device}`,
      ])
    const after = a.daemon.usage()
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 2)
    expect(after.threads).toBeLessThanOrEqual(before.threads + 6)
    expect(after.rssBytes - before.rssBytes).toBeLessThan(48 << 20)
    // An initiation within 20 ms of the one before is refused, and repeated after more than 5 s.
    expect(tunnel?.ping('a', '-c', '8', '-i', '1', '-W', '1')).toBe(true)
  })

  it('changes ports under traffic, and keeps the old one when the new one is taken', async () => {
    const { a, b } = await open()
    // With a session: the answer to an initiation cannot follow a changed port, the retry takes five seconds.
    expect(tunnel?.ping()).toBe(true)
    a.ns.start('ping', ['-q', '-n', '-f', '-c', '1000000', b.inner.v4])
    for (let i = 0; i < 50; i++) a.daemon.set('listen-port', String(11_000 + i))
    expect(tunnel?.ping()).toBe(true)
    const taken = a.ns.start(process.execPath, [
      '-e',
      `require('node:dgram').createSocket('udp4').bind(12345, () => console.log('bound'))`,
    ])
    await new Promise((resolve) => taken.stdout?.once('data', resolve))
    const refused = a.ns.tryRun('wg', ['set', a.device, 'listen-port', '12345'])
    expect(refused.status).not.toBe(0)
    expect(refused.stderr).toMatch(/in use/)
    if (testingOurs) {
      expect(a.daemon.show('listen-port')).toBe('11049')
      expect(tunnel?.ping()).toBe(true)
    }
  })

  it.skipIf(!testingOurs)('chooses one port for both families, and works without IPv6', async () => {
    const ns = space()
    const daemon = await Daemon.start(ns)
    ns.run('ip', 'link', 'set', daemon.device, 'up')
    const port = await until('a port', () => daemon.show('listen-port').replace(/^0$/, ''))
    const listening = ns.run('ss', '-uanH')
    expect(listening).toContain(`0.0.0.0:${port}`)
    expect(listening).toContain(`[::]:${port}`)

    const bare = space()
    bare.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6')
    const other = await Daemon.start(bare)
    bare.run('ip', 'link', 'set', other.device, 'up')
    other.set('listen-port', '4242')
    expect(other.show('listen-port')).toBe('4242')
  })

  it('follows the MTU', async () => {
    const { a, b } = await open()
    for (const end of [a, b]) end.ns.run('ip', 'link', 'set', end.device, 'mtu', '1300')
    const capture = await Capture.start(b.ns, 'veth0', 'udp and dst port 20000')
    const longest = () => Math.max(0, ...capture.packets().map((packet) => packet.readUInt16BE(2)))
    await until('padding within the new MTU', () => {
      tunnel?.ping('a', '-c', '1', '-W', '1', '-s', '1269', '-M', 'do')
      return longest() === 1300 + 60
    })
    capture.stop()
  })

  // wireguard-go hears of changes in the namespace it was started in only.
  it.skipIf(!testingOurs)('follows the interface into another namespace', async () => {
    const { a, b } = await open()
    const other = space()
    a.ns.run('ip', 'link', 'set', a.device, 'netns', other.name)
    other.run('ip', 'address', 'add', `${a.inner.v4}/24`, 'dev', a.device)
    other.run('ip', 'link', 'set', a.device, 'mtu', '1299', 'up')
    expect(other.tryRun('ping', ['-n', '-q', '-c', '1', '-W', '5', b.inner.v4]).status).toBe(0)
    const capture = await Capture.start(b.ns, 'veth0', 'udp and dst port 20000')
    await until('padding within the new MTU', () => {
      other.tryRun('ping', ['-n', '-q', '-c', '1', '-W', '1', '-s', '1271', '-M', 'do', b.inner.v4])
      return Math.max(0, ...capture.packets().map((packet) => packet.readUInt16BE(2))) === 1299 + 60
    })
    capture.stop()
    other.run('ip', 'link', 'set', a.device, 'down')
    await until('the socket to close', () => !a.ns.run('ss', '-uanH').includes(`:${a.port}`))
    other.run('ip', 'link', 'set', a.device, 'up')
    expect(other.tryRun('ping', ['-n', '-q', '-c', '1', '-W', '5', b.inner.v4]).status).toBe(0)
    other.run('ip', 'link', 'del', a.device)
    await until('the daemon to end', () => a.daemon.ended)
  })

  it('carries on when the interface is renamed or its addresses change', async () => {
    const { a } = await open()
    const flow = a.ns.finish('ping', ['-q', '-n', '-i', '0.01', '-c', '150', tunnel?.b.inner.v4 ?? ''])
    a.ns.tryRun('ip', ['link', 'set', a.device, 'name', 'renamed0'])
    a.ns.run('ip', 'address', 'add', '192.168.250.1/24', 'dev', 'renamed0')
    a.ns.run('ip', 'address', 'del', '192.168.250.1/24', 'dev', 'renamed0')
    expect((await flow).stdout).toContain(' 0% packet loss')
    a.ns.run('ip', 'link', 'del', 'renamed0')
    await until('the daemon to end', () => a.daemon.ended)
  })

  it('survives everything being set at once under traffic', async () => {
    const { a, b } = await open()
    a.ns.start('ping', ['-q', '-n', '-f', '-c', '10000000', b.inner.v4])
    b.ns.start('ping', ['-q', '-n', '-f', '-c', '10000000', a.inner.v4])
    const set = (...args: string[]) => `wg set ${a.device} ${args.join(' ')}`
    const extra = makeTextKeys()
    const other = makeTextKeys()
    const folder = `/tmp/wgq-life-${process.pid}`
    mkdirSync(folder, { mode: 0o700 })
    writeFileSync(`${folder}/own`, a.keys.privateKey)
    writeFileSync(`${folder}/other`, other.privateKey)
    const loops = [
      [set('peer', b.keys.publicKey, 'persistent-keepalive', '$i'), `wg show ${a.device} dump`],
      [set('private-key', `${folder}/other`), set('private-key', `${folder}/own`)],
      [set('listen-port', '$((12000+i))'), `wg showconf ${a.device}`],
      [
        set('peer', extra.publicKey, 'allowed-ips', '10.200.$i.0/24,fd00:200:$i::/48'),
        set('peer', extra.publicKey, 'remove'),
      ],
    ]
    try {
      const done = await Promise.all(
        loops.map((commands) =>
          a.ns.finish('sh', [
            '-c',
            `for i in $(seq 1 60); do ${commands.join(' >/dev/null || exit 1; ')} >/dev/null || exit 1; done`,
          ]),
        ),
      )
      for (const one of done) expect(one.status, one.stderr).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
    expect(a.daemon.ended).toBe(false)
    expect(tunnel?.ping('a', '-c', '3', '-W', '5')).toBe(true)
    expect(a.daemon.show('peers')).toBe(b.keys.publicKey)
  })

  it('expires keys over a long sleep and is back with the first packet', async () => {
    const { a, b } = await open()
    expect(tunnel?.ping()).toBe(true)
    a.daemon.process.kill('SIGSTOP')
    await pause(500)
    a.daemon.process.kill('SIGCONT')
    expect(tunnel?.ping('b')).toBe(true)
    expect(Number(b.daemon.showPeer('latest-handshakes', a.keys.publicKey))).toBeGreaterThan(0)
  })

  describe('in a poor environment', () => {
    const launch = async (
      ns: Namespace,
      prefix: string[],
    ): Promise<{ status: number | null; text: string }> => {
      const done = await ns.finish(
        prefix[0] as string,
        [...prefix.slice(1), subject.command, '-f', `wgp${process.pid}`],
        { env: { WG_PROCESS_FOREGROUND: '1' }, timeoutMs: 10_000 },
      )
      return { status: done.status, text: done.stdout + done.stderr }
    }

    it('says that /dev/net/tun is missing', async () => {
      const ended = await launch(space(), [
        'unshare',
        '-m',
        'sh',
        '-c',
        'mount -t tmpfs none /dev/net && exec "$@"',
        'sh',
      ])
      expect(ended.status).not.toBe(0)
      if (testingOurs) expect(ended.text).toContain('/dev/net/tun')
    })

    it('says that a capability is missing', async () => {
      const ended = await launch(space(), ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'])
      expect(ended.status).not.toBe(0)
      if (testingOurs) expect(ended.text).toMatch(/CAP_NET_ADMIN|permitted|permission/i)
      expect(ended.text).not.toMatch(/\n\s+at /)
    })

    it.skipIf(!testingOurs).each(['-f', '--'])('says that too few files may be open (%s)', async (how) => {
      const run = `ulimit -n 21; exec '${subject.command}' ${how === '-f' ? '-f' : ''} wgp${process.pid}`
      const done = await space().finish('sh', ['-c', run], { timeoutMs: 10_000 })
      expect(done.status).toBe(1)
      expect(done.stderr).toMatch(/^wgqd: .*LimitNOFILE=.*\n$/)
    })

    it('says that it cannot make its socket', async () => {
      const ns = space()
      const ended = await launch(ns, [
        'unshare',
        '-m',
        'sh',
        '-c',
        `mkdir -p ${socketFolder} && mount -t tmpfs -o ro none ${socketFolder} && exec "$@"`,
        'sh',
      ])
      expect(ended.status).not.toBe(0)
      if (testingOurs) expect(ended.text).toContain('wireguard')
      expect(linkExists(ns, `wgp${process.pid}`)).toBe(false)
    })

    // What MemoryDenyWriteExecute= of a systemd unit asks of the kernel (Linux 6.3): PR_SET_MDWE.
    const protect = `import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0: sys.exit("no PR_SET_MDWE")
if len(sys.argv) > 1: os.execv(sys.argv[1], sys.argv[1:])`
    const noProtection = spawnSync('python3', ['-c', protect]).status !== 0
    if (noProtection) console.log('a test of MemoryDenyWriteExecute skipped: no python3 or no PR_SET_MDWE')

    it.skipIf(!testingOurs || noProtection)(
      'carries packets where no page may be writable and executable, with --jitless',
      async () => {
        const folder = mkdtempSync(join(tmpdir(), 'wgq-protect-'))
        try {
          const command = join(folder, 'wgqd')
          writeFileSync(command, `#!/bin/sh\nexec python3 -c '${protect}' '${subject.command}' "$@"\n`, {
            mode: 0o755,
          })
          const protectedOne = { ...subject, command }
          const { a, b } = await open({
            implementations: [protectedOne, protectedOne],
            env: { WGQ_NODE_FLAGS: '--jitless' },
          })
          expect(tunnel?.ping()).toBe(true)
          expect(tunnel?.ping('b')).toBe(true)
          for (const { daemon } of [a, b]) {
            // Node 20 and 22 themselves say at each start what V8 does without its compiler.
            expect(daemon.log.replace(/^Warning: disabling flag --expose_wasm .*\n/, '')).toBe('')
            expect(readFileSync(`/proc/${daemon.pid}/maps`, 'latin1')).not.toMatch(/ [r-]wx/)
          }
          a.daemon.set('listen-port', '9999')
          expect(tunnel?.ping()).toBe(true)
        } finally {
          rmSync(folder, { recursive: true })
        }
      },
    )

    it.skipIf(!testingOurs)('does not overwrite a socket that somebody serves', async () => {
      const ns = space()
      const device = `wgo${process.pid}`
      mkdirSync(socketFolder, { recursive: true })
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(`${socketFolder}/${device}.sock`, resolve))
      try {
        const daemon = Daemon.launch(ns, { device })
        await until('the daemon to give up', () => daemon.ended)
        expect(daemon.process.exitCode).not.toBe(0)
        expect(existsSync(daemon.socket)).toBe(true)
        expect(linkExists(ns, device)).toBe(false)
      } finally {
        server.close()
      }
    })
  })
})
