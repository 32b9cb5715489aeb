// SPDX-License-Identifier: MIT
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'

/** Result of a finished command; texts are UTF-8. */
export interface Finished {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Returns why tests in namespaces cannot run here, or undefined when they can. */
export const whyNoNetns = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'needs root'
  const probe = `wgqprobe${randomBytes(3).toString('hex')}`
  if (spawnSync('ip', ['netns', 'add', probe]).status !== 0)
    return 'cannot create network namespaces (iproute2, root)'
  spawnSync('ip', ['netns', 'del', probe])
  return undefined
}

/** A network namespace of a test; removed with {@link Namespace.remove}, its processes ended first, by id. */
export class Namespace {
  readonly name: string
  private readonly children: ChildProcess[] = []

  constructor(label: string) {
    this.name = `wgq-${label}-${randomBytes(3).toString('hex')}`
    execFileSync('ip', ['netns', 'add', this.name])
    this.run('ip', 'link', 'set', 'lo', 'up')
  }

  /** Path of the namespace for setns. */
  get path(): string {
    return `/run/netns/${this.name}`
  }

  /** Runs a command inside and waits for it. */
  tryRun(
    command: string,
    args: readonly string[],
    options: { input?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
  ): Finished {
    const { status, signal, stdout, stderr } = spawnSync(
      'ip',
      ['netns', 'exec', this.name, command, ...args],
      {
        input: options.input ?? '',
        env: { ...process.env, ...options.env },
        timeout: options.timeoutMs ?? 120_000,
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      },
    )
    return { status, signal, stdout, stderr }
  }

  /** Runs a command inside; throws with its output when it fails. Returns standard output. */
  run(command: string, ...args: string[]): string {
    const done = this.tryRun(command, args)
    if (done.status !== 0)
      throw new Error(
        `${command} ${args.join(' ')} in ${this.name}: ${done.status ?? done.signal}\n${done.stdout}${done.stderr}`,
      )
    return done.stdout
  }

  /** Runs a command inside without blocking the event loop; {@link Namespace.remove} ends it at the latest. */
  finish(
    command: string,
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
  ): Promise<Finished> {
    const child = this.start(command, args, options.env)
    const texts = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        texts[stream] += text
      })
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000)
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, signal) => {
        clearTimeout(timer)
        resolve({ status, signal, ...texts })
      })
    })
  }

  /** Starts a command inside and leaves it running; {@link Namespace.remove} ends it at the latest. */
  start(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    stdin: 'ignore' | 'pipe' = 'ignore',
  ): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name, command, ...args], {
      stdio: [stdin, 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    this.children.push(child)
    return child
  }

  /** Processes that run inside. */
  pids(): number[] {
    return spawnSync('ip', ['netns', 'pids', this.name], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter(Boolean)
      .map(Number)
  }

  /** Ends every process of the namespace and removes it. */
  remove(): void {
    for (const child of this.children) child.kill('SIGKILL')
    for (const pid of this.pids()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // ended by itself meanwhile
      }
    }
    spawnSync('ip', ['netns', 'del', this.name])
  }
}

/** Joins two namespaces with a veth pair; addresses are ADDRESS/LENGTH, set without duplicate address detection. */
export const connect = (
  a: { ns: Namespace; dev: string; addresses: readonly string[] },
  b: { ns: Namespace; dev: string; addresses: readonly string[] },
): void => {
  execFileSync('ip', [
    'link',
    'add',
    a.dev,
    'netns',
    a.ns.name,
    'type',
    'veth',
    'peer',
    'name',
    b.dev,
    'netns',
    b.ns.name,
  ])
  for (const end of [a, b]) {
    for (const address of end.addresses) {
      const flags = address.includes(':') ? ['nodad'] : []
      end.ns.run('ip', 'address', 'add', address, 'dev', end.dev, ...flags)
    }
    end.ns.run('ip', 'link', 'set', end.dev, 'up')
  }
}

/** Polls until `probe` returns something other than undefined/false; throws after `timeoutMs` naming `what`. */
export const until = async <T>(
  what: string,
  probe: () => T | undefined | false,
  timeoutMs = 10_000,
): Promise<T> => {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const value = probe()
    if (value !== undefined && value !== false) return value
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
