// SPDX-License-Identifier: MIT
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childEnvironment } from './child-script.ts'
import { type Implementation, program, subject, wg } from './implementation.ts'
import type { Namespace } from './netns.ts'

/** Where userspace daemons listen for configuration. */
export const socketFolder = '/var/run/wireguard'

/** A running userspace daemon: one interface in one namespace. Interface names are unique on the machine, because the
 *  configuration sockets of all namespaces share one folder. */
export class Daemon {
  readonly ns: Namespace
  readonly device: string
  readonly implementation: Implementation
  readonly process: ChildProcess
  private text = ''

  private constructor(ns: Namespace, device: string, implementation: Implementation, child: ChildProcess) {
    this.ns = ns
    this.device = device
    this.implementation = implementation
    this.process = child
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (more: string) => {
        this.text += more
      })
  }

  /** Starts a daemon in the foreground and waits until it answers. */
  static async start(
    ns: Namespace,
    options: { implementation?: Implementation; device?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Daemon> {
    const daemon = Daemon.launch(ns, options)
    const deadline = Date.now() + 20_000
    while (!(await daemon.answers())) {
      if (daemon.ended) throw new Error(`the daemon in ${ns.name} ended early:\n${daemon.log}`)
      if (Date.now() > deadline) throw new Error(`the daemon in ${ns.name} does not answer:\n${daemon.log}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return daemon
  }

  /** Starts a daemon without waiting for anything. */
  static launch(
    ns: Namespace,
    options: { implementation?: Implementation; device?: string; env?: NodeJS.ProcessEnv } = {},
  ): Daemon {
    const implementation = options.implementation ?? subject
    const device = options.device ?? `wgt${randomBytes(4).toString('hex')}`
    const child = ns.start(implementation.command, ['-f', device], {
      ...childEnvironment,
      WG_PROCESS_FOREGROUND: '1',
      ...options.env,
    })
    return new Daemon(ns, device, implementation, child)
  }

  get socket(): string {
    return `${socketFolder}/${this.device}.sock`
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the daemon never started')
    return this.process.pid
  }

  get ended(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  /** Its output so far, both streams. */
  get log(): string {
    return this.text
  }

  /** Whether the configuration socket accepts connections. */
  answers(): Promise<boolean> {
    if (!existsSync(this.socket)) return Promise.resolve(false)
    return new Promise((resolve) => {
      const socket = connect(this.socket)
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
  }

  /** `wg set DEVICE …`. */
  set(...args: string[]): void {
    this.ns.run(wg, 'set', this.device, ...args)
  }

  /** `wg setconf DEVICE`, the configuration through a temporary file. */
  setconf(text: string, verb: 'setconf' | 'addconf' | 'syncconf' = 'setconf'): void {
    withFile(text, (file) => this.ns.run(wg, verb, this.device, file))
  }

  /** `wg show DEVICE FIELD`, trimmed. */
  show(field: string): string {
    return this.ns.run(wg, 'show', this.device, field).trim()
  }

  /** The value that `wg show DEVICE FIELD` prints for a peer. */
  showPeer(field: string, publicKey: string): string | undefined {
    const line = this.show(field)
      .split('\n')
      .find((row) => row.startsWith(publicKey))
    return line?.slice(publicKey.length + 1)
  }

  /** Received and sent bytes of a peer. */
  transfer(publicKey: string): { readonly received: number; readonly sent: number } {
    const [received = NaN, sent = NaN] = (this.showPeer('transfer', publicKey) ?? '').split('\t').map(Number)
    return { received, sent }
  }

  /** The data plane's own counters by name (`wgq show --json`); undefined for a daemon without them. */
  counters(): Readonly<Record<string, number>> | undefined {
    return JSON.parse(this.ns.run(program('wgq'), 'show', '--json', this.device)).interfaces[0].counters
  }

  /** Memory and handles that the process holds now. */
  usage(): {
    readonly rssBytes: number
    readonly threads: number
    readonly descriptors: number
    cpuSeconds: number
  } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    const number = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1])
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return {
      rssBytes: number('VmRSS') * 1024,
      threads: number('Threads'),
      descriptors: readdirSync(`/proc/${this.pid}/fd`).length,
      // utime and stime in clock ticks of 10 ms (proc(5)).
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    }
  }

  /** Sends a signal and waits for the process to exit. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 10_000): Promise<void> {
    if (this.ended) return
    const gone = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs)
      this.process.once('exit', () => {
        clearTimeout(timer)
        resolve(true)
      })
    })
    this.process.kill(signal)
    if (!(await gone)) throw new Error(`the daemon did not end within ${timeoutMs} ms of ${signal}`)
  }
}

/** Runs `use` with a private temporary file that holds `text`. */
export const withFile = <T>(text: string, use: (file: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-test-'))
  try {
    const file = join(folder, 'file')
    writeFileSync(file, text, { mode: 0o600 })
    return use(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
