// SPDX-License-Identifier: MIT
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel()
if (why) console.warn(`features/run: skipped: ${why}`)
const noPerl = spawnSync('perl', ['--version']).error !== undefined

/** A process that is ended through its own id, with what it wrote. */
class Foreground {
  readonly child: ChildProcess
  stderr = ''
  readonly status: Promise<number | null>

  constructor(tunnel: LiveTunnel, env: NodeJS.ProcessEnv = {}, wrapper: readonly string[] = []) {
    const [first = '', ...rest] = [...wrapper, program('wgq'), 'run', tunnel.configPath]
    this.child = tunnel.ns.start(first, rest, { WG_QUICK_USERSPACE_IMPLEMENTATION: '', ...env })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.status = new Promise((resolve) => this.child.once('close', resolve))
  }

  /** Sends a signal to `wgq run` itself: `ip netns exec` became it, unless a wrapper is between. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }
}

/** Listens where a service manager would; resolves its datagrams as they come. */
const notifySocket = async (path: string): Promise<{ texts: string[]; close(): void }> => {
  const listener = spawn('perl', [
    '-MIO::Socket::UNIX',
    '-e',
    '$| = 1; my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die; print "open\\n"; while (defined $s->recv(my $d, 4096)) { print "$d\\n" }',
    path,
  ])
  const texts: string[] = []
  listener.stdout
    .setEncoding('utf8')
    .on('data', (text: string) => texts.push(...text.split('\n').filter(Boolean)))
  await until('the socket', () => texts.includes('open'))
  return { texts, close: () => listener.kill() }
}

describe.skipIf(why)('wgq run', () => {
  let tunnel: LiveTunnel
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
  })
  beforeEach(() => tunnel.write(tunnel.defaultConfig()))
  afterAll(() => tunnel?.remove())

  /** `wgq up` is through, not only on its way: the journal says so. One of a crash has no data plane. */
  const isUp = () =>
    tunnel.daemonPids().length > 0 &&
    readdirSync('/run/wgq').some(
      (file) =>
        file.startsWith(tunnel.device) &&
        file.endsWith('.json') &&
        readFileSync(join('/run/wgq', file), 'utf8').includes('"state":"up"'),
    )

  test.skipIf(noPerl)('up, ready, reload, stopping, down', async () => {
    const path = join(tunnel.configPath, '../notify')
    const manager = await notifySocket(path)
    const running = new Foreground(tunnel, { NOTIFY_SOCKET: path })
    await until('READY=1', () => manager.texts.includes('READY=1'), 30_000)
    expect(tunnel.reaches(2)).toBe(true)

    tunnel.write(tunnel.defaultConfig().replace('10.60.0.3/32', '10.60.0.3/32, 10.61.0.0/16'))
    running.signal('SIGHUP')
    const peers = () => tunnel.wgq('show', tunnel.device, 'allowed-ips').stdout
    await until('the new prefix', () => peers().includes('10.61.0.0/16'), 30_000)
    tunnel.write(`${tunnel.defaultConfig()}AllowedIPs = nonsense\n`)
    running.signal('SIGHUP')
    await until('the complaint', () => running.stderr.includes('nonsense'), 30_000)
    expect(peers()).toContain('10.61.0.0/16')
    tunnel.write(tunnel.defaultConfig())

    running.signal('SIGTERM')
    expect(await running.status).toBe(0)
    await until('STOPPING=1', () => manager.texts.includes('STOPPING=1'))
    // The data plane kept quiet: it is not the main process of the service.
    expect(manager.texts).toEqual(['open', 'READY=1', 'STOPPING=1'])
    manager.close()
    await tunnel.untilLink(false)
    expect(tunnel.daemonPids()).toEqual([])
  })

  // What a container has by `--cap-drop all --cap-add NET_ADMIN --device /dev/net/tun`.
  const container = [
    ...['unshare', '--pid', '--fork', '--mount-proc', 'sh', '-euc'],
    'mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys; exec setpriv --bounding-set=-all,+net_admin --inh-caps=-all "$@"',
    'sh',
  ]

  test('as the first process of a container, with a full tunnel', async () => {
    const orphans = '\nPostUp = for i in 1 2 3 4 5; do (sleep 0.$i &); done\n'
    const full = tunnel.defaultConfig().replace('10.60.0.2/32', '10.60.0.2/32, 0.0.0.0/0')
    tunnel.write(full.replace('\nListenPort', `${orphans}ListenPort`))
    const running = new Foreground(tunnel, {}, container)
    await until('the tunnel', isUp, 30_000)
    expect(tunnel.reaches(2)).toBe(true)
    const children = readFileSync(`/proc/${running.child.pid}/task/${running.child.pid}/children`, 'utf8')
    const init = Number(children.trim())
    const status = readFileSync(`/proc/${init}/status`, 'utf8')
    expect(status).toMatch(/^NSpid:\t\d+\t1$/m)
    expect(status).toMatch(/^CapPrm:\t0*1000$/m)
    expect(tunnel.ns.run('ip', 'rule')).toContain('lookup 51820')
    // Those that its hooks left behind were taken in and ended.
    const zombies = () => spawnSync('ps', ['--ppid', `${init}`, '-o', 'stat='], { encoding: 'utf8' }).stdout
    await until('the orphans to be reaped', () => !zombies().includes('Z'))
    process.kill(init, 'SIGTERM')
    expect(await running.status).toBe(0)
    await tunnel.untilLink(false)
    expect(running.stderr).toContain(`[#] ip link delete dev ${tunnel.device}`)
    expect(tunnel.ns.run('ip', 'rule')).not.toContain('51820')
  })

  test('a tunnel that somebody takes down ends the run in order', async () => {
    const running = new Foreground(tunnel)
    await until('the tunnel', isUp, 30_000)
    expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
    expect(await running.status).toBe(0)
    expect(running.stderr).toContain(`${tunnel.device} was taken down`)
  })

  test('a data plane that dies ends the run with 1, and the next run starts cleanly', async () => {
    const running = new Foreground(tunnel)
    await until('the tunnel', isUp, 30_000)
    for (const pid of tunnel.daemonPids()) process.kill(pid, 'SIGKILL')
    expect(await running.status).toBe(1)
    expect(running.stderr).toContain(`${tunnel.device} is gone`)
    const again = new Foreground(tunnel)
    await until('the tunnel', isUp, 30_000)
    expect(tunnel.reaches(2)).toBe(true)
    again.signal('SIGINT')
    expect(await again.status).toBe(0)
  })

  test('an `up` that fails ends the run with its status', async () => {
    tunnel.write(`${tunnel.defaultConfig()}AllowedIPs = nonsense\n`)
    const running = new Foreground(tunnel)
    expect(await running.status).toBe(1)
    expect(running.stderr).toContain('nonsense')
  })
})
