// SPDX-License-Identifier: MIT
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Result of a program: its output as text in the requested encoding, by default UTF-8. */
export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Returns why programs cannot get a /run of their own here, or undefined when they can. */
export const whyNoPrivateRun = (): string | undefined =>
  spawnSync('unshare', ['-m', 'mount', '--bind', tmpdir(), '/run']).status === 0
    ? undefined
    : 'needs root and unshare(1) for a private /run'

// Tests put a stub in PATH if a tunnel has name servers; the machine's own resolvconf must not run instead.
const hideResolvconf =
  'for f in /usr/local/sbin /usr/sbin /usr/bin /sbin; do [ ! -e $f/resolvconf ] || mount --bind /dev/null $f/resolvconf || exit; done; '

/**
 * A folder that stands in for /run: programs started here see it in their own mount namespace and find userspace
 * devices in its `wireguard` folder, and none of the machine's. `files` overlay single files of the system.
 */
export class PrivateRun {
  readonly root = mkdtempSync(join(tmpdir(), 'wgq-run-'))
  /** Where the sockets are, as seen from outside. */
  readonly sockets = join(this.root, 'run/wireguard')
  /** Working directory of the programs. */
  readonly work = join(this.root, 'work')
  private readonly mounts: string

  constructor(files: Readonly<Record<string, string>> = {}) {
    mkdirSync(this.sockets, { recursive: true })
    mkdirSync(this.work)
    let mounts = ''
    for (const [index, [path, text]] of Object.entries(files).entries()) {
      const file = join(this.root, `overlay-${index}`)
      writeFileSync(file, text)
      mounts += `mount --bind '${file}' '${path}' && `
    }
    this.mounts = `${hideResolvconf}${mounts}mount --bind '${join(this.root, 'run')}' /run && exec "$@"`
  }

  /** Runs a program without blocking the test's event loop. `netns` names a network namespace. */
  run(
    command: readonly string[],
    options: {
      env?: NodeJS.ProcessEnv
      input?: string | Buffer
      netns?: string
      encoding?: BufferEncoding
    } = {},
  ): Promise<Ran> {
    const inside = ['unshare', '-m', 'sh', '-c', this.mounts, 'sh', ...command]
    const [program = '', ...args] =
      options.netns === undefined ? inside : ['ip', 'netns', 'exec', options.netns, ...inside]
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: this.work,
        env: { PATH: process.env['PATH'], ...options.env },
        stdio: 'pipe',
      })
      const out: Buffer[] = []
      const err: Buffer[] = []
      child.stdout.on('data', (piece) => out.push(piece))
      child.stderr.on('data', (piece) => err.push(piece))
      child.stdin.on('error', () => {})
      child.stdin.end(options.input ?? '')
      child.on('error', reject)
      child.on('close', (status) =>
        resolve({
          status,
          stdout: Buffer.concat(out).toString(options.encoding ?? 'utf8'),
          stderr: Buffer.concat(err).toString(options.encoding ?? 'utf8'),
        }),
      )
    })
  }

  /** Starts a program that keeps running, inside a network namespace; the caller ends it by its id. */
  start(command: readonly string[], netns: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
    const inside = ['netns', 'exec', netns, 'unshare', '-m', 'sh', '-c', this.mounts, 'sh', ...command]
    return spawn('ip', inside, {
      cwd: this.work,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
