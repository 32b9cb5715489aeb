// SPDX-License-Identifier: MIT
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Finished, until } from './netns.ts'
import { workspace } from './workspace.ts'

// $1 is the mount point, $2 the checkout, $3 whether it is accessible. The overlay's folders are on a tmpfs, because an
// overlay cannot be on another.
const mounts = `
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount --rbind /dev dev
for folder in run tmp var/tmp; do mount -t tmpfs tmpfs "$folder"; done
mount -t proc proc proc
mount -t sysfs sysfs sys
mkdir -p ".$2"
if [ "$3" = with ]; then mount --bind "$2" ".$2"; else mount -t tmpfs tmpfs ".$2"; fi
`
const isolation = ['--mount', '--net', '--pid', '--fork', '--kill-child']

/** Returns why copies of the system cannot be made here, or undefined when they can. */
export const whyNoSystemRoot = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'needs root'
  const probe = spawnSync(
    'unshare',
    [...isolation, 'sh', '-euc', mounts, 'sh', '/mnt', workspace, 'without'],
    {
      encoding: 'utf8',
    },
  )
  return probe.status === 0 ? undefined : `no overlay of the system: ${probe.stderr.trim().split('\n')[0]}`
}

/**
 * A copy of this system to install into: an overlay of / with its own processes, /run, /tmp and network (only the
 * loopback), in which the checkout is hidden by default. {@link SystemRoot.remove} ends everything in it.
 */
export class SystemRoot {
  private readonly folder = mkdtempSync(join(tmpdir(), 'wgq-root-'))
  private readonly holder: ChildProcess
  private init = 0

  private constructor(checkout: 'with' | 'without') {
    const words = [...isolation, 'sh', '-euc', `${mounts}\necho ready; exec sleep infinity`, 'sh']
    this.holder = spawn('unshare', [...words, this.folder, workspace, checkout], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }

  /** Makes the copy; with `with the checkout` the programs built there can run in it. */
  static async open(checkout?: 'with the checkout'): Promise<SystemRoot> {
    const root = new SystemRoot(checkout ? 'with' : 'without')
    let said = ''
    root.holder.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    await until('the copy of the system', () => said.includes('ready'), 30_000)
    const pid = root.holder.pid
    root.init = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
    const loopback = spawnSync('nsenter', ['-t', `${root.init}`, '-n', 'ip', 'link', 'set', 'lo', 'up'])
    if (loopback.status !== 0) throw new Error(`${loopback.stderr}`)
    return root
  }

  /** The path by which a file of the copy is reached from outside. */
  outside(path: string): string {
    return join(`/proc/${this.init}/root`, this.folder, 'root', path)
  }

  /** Copies a file into /tmp of the copy and returns its path there. */
  bring(file: string): string {
    const path = join('/tmp', basename(file))
    cpSync(file, this.outside(path))
    return path
  }

  /** Runs an sh script inside and waits for it. */
  tryRun(script: string): Finished {
    const { status, signal, stdout, stderr } = spawnSync(
      'nsenter',
      ['-t', `${this.init}`, '-m', '-n', '-p', 'chroot', join(this.folder, 'root'), 'sh', '-euc', script],
      {
        encoding: 'utf8',
        timeout: 180_000,
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          HOME: '/root',
          LC_ALL: 'C.UTF-8',
          DEBIAN_FRONTEND: 'noninteractive',
        },
      },
    )
    return { status, signal, stdout, stderr }
  }

  /** The same; throws with its output when it fails. Returns standard output. */
  run(script: string): string {
    const done = this.tryRun(script)
    if (done.status !== 0)
      throw new Error(`${script}: ${done.status ?? done.signal}\n${done.stdout}${done.stderr}`)
    return done.stdout
  }

  /** Differences from the system: written or deleted files, and new folders. Sorted. */
  changes(): string[] {
    const upper = join(`/proc/${this.init}/root`, this.folder, 'upper')
    return readdirSync(upper, { recursive: true, withFileTypes: true })
      .map((entry) => ({ entry, path: join(entry.parentPath, entry.name).slice(upper.length) }))
      .filter(({ entry, path }) => !(entry.isDirectory() && exists(path)))
      .map(({ path }) => path)
      .sort()
  }

  remove(): void {
    this.holder.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const exists = (path: string): boolean => {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}
