// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Namespace } from './netns.ts'

/** A recorded run of wg-quick (test/fixtures/wg-quick-master). */
export interface QuickCase {
  readonly name: string
  readonly interface: string
  readonly config: string | null
  readonly setup: {
    readonly pre?: string
    readonly mid?: string
    readonly post?: string
    readonly env?: string
    readonly path?: string
    readonly mode?: string
    readonly upcmd?: string
    readonly downcmd?: string
  }
  readonly up?: Outcome
  readonly down?: Outcome
  readonly state: QuickState
  readonly after_down: string
  readonly resolvconf?: string
  readonly nft_batches?: string
  readonly iptables?: string
  readonly iptables_save?: string
  readonly saved_config?: string
  readonly nonroot_stderr?: string
}

/** How a command ended. */
export interface Outcome {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/** The host's network; the JSON texts are parsed. */
export interface QuickState {
  readonly addr: unknown[]
  readonly route4: unknown[]
  readonly route6: unknown[]
  readonly rule4: unknown[]
  readonly rule6: unknown[]
  readonly nft: string
  readonly sysctl: string
  readonly wg_dump: string
}

/** The result of a replayed case. `file` reads one of its files, empty if missing. */
export interface Played {
  readonly up: Outcome
  readonly down: Outcome
  readonly state: QuickState
  readonly file: (name: string) => string
}

const support = join(import.meta.dirname, 'quick')

/** Replays a case in a new namespace with the programs of `binDirectory` first in PATH. */
export const playCase = (quickCase: QuickCase, binDirectory: string): Played => {
  const ns = goldenNamespace()
  const directory = mkdtempSync(join(tmpdir(), 'wgq-case-'))
  try {
    const { setup } = quickCase
    const wrap = support
    const standard = `${binDirectory}:${wrap}:/usr/sbin:/usr/bin:/sbin:/bin`
    const variables = {
      IF: quickCase.interface,
      MODE: setup.mode ?? '600',
      UPCMD: setup.upcmd ?? `wg-quick up ${quickCase.interface}`,
      DOWNCMD: setup.downcmd ?? `wg-quick down ${quickCase.interface}`,
      PRE: setup.pre ?? ':',
      MID: setup.mid ?? ':',
      POST: setup.post ?? ':',
      ENV: setup.env ?? ':',
    }
    const script = Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}\n`)
    // The recorded PATH refers to its folders by variables.
    const path = setup.path === undefined ? standard : `${binDirectory}:${setup.path}`
    writeFileSync(join(directory, 'case.sh'), `${script.join('')}CASEPATH="${path}"\n`)
    if (quickCase.config !== null)
      writeFileSync(join(directory, `${quickCase.interface}.conf`), quickCase.config)
    const played = ns.tryRun('unshare', ['-m', join(support, 'case.sh')], {
      env: {
        D: directory,
        WRAP: wrap,
        HARNESS: wrap,
        BIN: binDirectory,
        WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go',
      },
    })
    if (played.status !== 0) throw new Error(`The case could not be played: ${played.stderr}`)
    const files = new Map<string, string>()
    for (const name of listed(directory)) files.set(name, readFileSync(join(directory, name), 'utf8'))
    const file = (name: string): string => files.get(name) ?? ''
    return { up: outcome(file, 'up'), down: outcome(file, 'down'), state: stateOf(file), file }
  } finally {
    ns.remove()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A namespace like that of the recordings: a veth pair with an uplink and default routes of both families. */
export const goldenNamespace = (): Namespace => {
  const ns = new Namespace('quick')
  const script = `
    sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
    ip link add up0 type veth peer name up1
    ip addr add 192.0.2.2/24 dev up0
    ip -6 addr add 2001:db8:ff::2/64 dev up0 nodad
    ip link set up0 up
    ip link set up1 up
    ip route add default via 192.0.2.1 dev up0
    ip -6 route add default via 2001:db8:ff::1 dev up0`
  const { status, stderr } = ns.tryRun('sh', ['-c', script])
  if (status !== 0) throw new Error(`No namespace: ${stderr}`)
  return ns
}

const listed = (directory: string): string[] =>
  spawnSync('find', [directory, '-type', 'f', '-printf', '%P\\n'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((name) => name !== '' && existsSync(join(directory, name)))

const outcome = (file: (name: string) => string, name: string): Outcome => ({
  exit: Number(file(`${name}.exit`) || -1),
  stdout: file(`${name}.stdout`),
  stderr: file(`${name}.stderr`),
})

const stateOf = (file: (name: string) => string): QuickState => {
  const json = (name: string): unknown[] => JSON.parse(file(`state/${name}`) || '[]') as unknown[]
  return {
    addr: json('addr'),
    route4: json('route4'),
    route6: json('route6'),
    rule4: json('rule4'),
    rule6: json('rule6'),
    nft: file('state/nft'),
    sysctl: file('state/sysctl'),
    wg_dump: file('state/wg_dump'),
  }
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
