// SPDX-License-Identifier: MIT
// Runs under the other kernel: its driver in one namespace, a userspace daemon in another, over a veth pair. Prints one
// line for each step of `interopSteps`.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { interopSteps } from '../../kernel-vm/interop-steps.ts'

const [, , root = '', daemon = `${root}/dist/bin/wgqd`] = process.argv
process.chdir(mkdtempSync('/tmp/kernel-interop-'))
// Without --norc bash would read ~/.bashrc: it mistakes a socket on its standard input for a remote login.
const run = (command: string): string => {
  const done = spawnSync('bash', ['--norc', '-ec', command], { encoding: 'utf8', input: '' })
  if (done.status !== 0) throw new Error(`${command}: ${done.status} ${done.stdout}${done.stderr}`)
  return done.stdout.trim()
}
const inside = (ns: 'k' | 'u', command: string): string => run(`ip netns exec ${ns} ${command}`)
const until = async (what: string, probe: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await pause(100)) if (probe()) return
  throw new Error(`waited in vain for ${what}`)
}
const ping = (from: 'k' | 'u', to: string, options = '-c 1'): string => {
  // The first packet may be lost during the handshake; the second attempt must succeed.
  spawnSync('ip', ['netns', 'exec', from, 'ping', '-q', '-c', '1', '-W', '5', to])
  return inside(from, `ping -q ${options} -W 5 ${to}`)
}
/** Both devices new, with the given underlay addresses; the daemon keeps running. */
const configure = (kernelAddress: string, userAddress: string): void => {
  const host = (address: string): string => (address.includes(':') ? `[${address}]` : address)
  for (const [ns, dev, own, other, endpoint] of [
    ['k', 'wgk', 'k', 'u', `${host(userAddress)}:40002`],
    ['u', 'wgu', 'u', 'k', `${host(kernelAddress)}:40001`],
  ] as const) {
    const peer = run(`wg pubkey <${other}.key`)
    inside(
      ns,
      `wg set ${dev} private-key ${own}.key listen-port ${ns === 'k' ? 40001 : 40002} peer ${peer} remove peer ${peer} preshared-key psk endpoint ${endpoint} allowed-ips 0.0.0.0/0,::/0`,
    )
  }
}
const endpointSeenBy = (ns: 'k' | 'u'): string =>
  inside(ns, `wg show ${ns === 'k' ? 'wgk' : 'wgu'} endpoints`).split('\t')[1] ?? ''

const steps: Record<(typeof interopSteps)[number], () => Promise<void> | void> = {
  'the kernel begins': () => {
    configure('192.0.2.1', '192.0.2.2')
    ping('k', '10.9.0.2')
  },
  'the daemon begins': () => {
    configure('192.0.2.1', '192.0.2.2')
    ping('u', '10.9.0.1')
  },
  'IPv6 inside and outside': () => {
    configure('2001:db8::1', '2001:db8::2')
    ping('u', 'fd09::1')
    ping('k', 'fd09::2')
  },
  'large packets, none lost': () => {
    configure('192.0.2.1', '192.0.2.2')
    for (const [from, to] of [
      ['k', '10.9.0.2'],
      ['u', '10.9.0.1'],
    ] as const) {
      const summary = ping(from, to, '-c 100 -i 0.01 -s 1372 -M do')
      if (!summary.includes(' 0% packet loss')) throw new Error(summary)
    }
  },
  'the daemon moves to another port': async () => {
    configure('192.0.2.1', '192.0.2.2')
    ping('u', '10.9.0.1')
    inside('u', 'wg set wgu listen-port 40022')
    ping('u', '10.9.0.1')
    await until('the new endpoint', () => endpointSeenBy('k') === '192.0.2.2:40022')
    ping('k', '10.9.0.2')
  },
  'the daemon moves to another address': async () => {
    configure('192.0.2.1', '192.0.2.2')
    ping('u', '10.9.0.1')
    run('ip -n u addr del 192.0.2.2/24 dev u0; ip -n u addr add 192.0.2.22/24 dev u0')
    ping('u', '10.9.0.1')
    await until('the new endpoint', () => endpointSeenBy('k') === '192.0.2.22:40002')
    ping('k', '10.9.0.2')
    run('ip -n u addr del 192.0.2.22/24 dev u0; ip -n u addr add 192.0.2.2/24 dev u0')
  },
  'the kernel moves to another address': async () => {
    configure('192.0.2.1', '192.0.2.2')
    ping('k', '10.9.0.2')
    run('ip -n k addr del 192.0.2.1/24 dev k0; ip -n k addr add 192.0.2.11/24 dev k0')
    ping('k', '10.9.0.2')
    await until('the new endpoint', () => endpointSeenBy('u') === '192.0.2.11:40001')
    ping('u', '10.9.0.1')
    run('ip -n k addr del 192.0.2.11/24 dev k0; ip -n k addr add 192.0.2.1/24 dev k0')
  },
}

const main = async (): Promise<void> => {
  run(`umask 077; for side in k u; do wg genkey >$side.key; ip netns add $side; ip -n $side link set lo up; done
    wg genpsk >psk
    ip link add k0 netns k type veth peer name u0 netns u
    ip -n k addr add 192.0.2.1/24 dev k0; ip -n u addr add 192.0.2.2/24 dev u0
    ip -n k addr add 2001:db8::1/64 dev k0 nodad; ip -n u addr add 2001:db8::2/64 dev u0 nodad
    ip -n k link set k0 up; ip -n u link set u0 up
    ip -n k link add wgk type wireguard`)
  const child = spawn('ip', ['netns', 'exec', 'u', daemon, '-f', 'wgu'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      log += chunk
    })
  await until('the daemon', () => spawnSync('wg', ['show', 'wgu']).status === 0)
  run(`ip -n k addr add 10.9.0.1/24 dev wgk; ip -n k addr add fd09::1/64 dev wgk nodad; ip -n k link set wgk mtu 1420 up
    ip -n u addr add 10.9.0.2/24 dev wgu; ip -n u addr add fd09::2/64 dev wgu nodad; ip -n u link set wgu mtu 1420 up`)
  for (const name of interopSteps) {
    try {
      await steps[name]()
      console.log(JSON.stringify({ name, fault: null }))
    } catch (error) {
      console.log(JSON.stringify({ name, fault: `${(error as Error).message}\n${log.slice(-2000)}` }))
    }
  }
  child.kill('SIGKILL')
}

void main()
