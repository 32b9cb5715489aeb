// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { workspace } from '../../test/support/workspace.ts'

const cache = join(workspace, '.cache/roots')

/**
 * $1 is the folder of the system, $2 is `own` for a network with only the loopback; the rest is run inside. Descriptor
 * 3 gets the output of `times`. This shell is the first process there, so it includes the time of daemons that have
 * ended.
 */
const enter = `
root=$1 network=$2; shift 2
[ "$network" != own ] || ip link set lo up
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
status=0
chroot "$root" sh -euc "$@" 3>&- || status=$?
times >&3
exit $status
`

/** Seconds of CPU in the second line of what `times` prints, that of the children: `1m2.500000s 0m0.500000s`. */
const cpuSeconds = (times: string): number => {
  const parts = [...(times.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  if (parts.length !== 2) throw new Error(`no times of the shell: ${times}`)
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0)
}

/** The result of a command. */
interface Ended {
  readonly stdout: string
  /** Wall time. */
  readonly seconds: number
  /** CPU time of all its processes that have ended, in user and kernel mode. */
  readonly cpuSeconds: number
}

/** Variables that configure access to package registries, and the files they name. */
const passedOn = /^(npm_config_.*|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|https?_proxy|no_proxy)$/i

/** A separate Debian system in a folder: a new copy of what debootstrap made. */
export class FreshSystem {
  private readonly folder: string
  private readonly env: NodeJS.ProcessEnv

  /**
   * @param suite Debian's name of the release
   * @param name of the folder below .cache/roots
   */
  constructor(suite: string, name: string) {
    const pristine = join(cache, suite)
    if (!existsSync(pristine)) {
      mkdirSync(cache, { recursive: true })
      finish('debootstrap', ['--variant=minbase', suite, `${pristine}.new`])
      renameSync(`${pristine}.new`, pristine)
    }
    this.folder = join(cache, `${name}.system`)
    rmSync(this.folder, { recursive: true, force: true })
    finish('cp', ['-a', pristine, this.folder])
    const known = Object.entries(process.env).filter(([variable]) => passedOn.test(variable))
    this.env = {
      ...Object.fromEntries(known),
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LC_ALL: 'C.UTF-8',
      DEBIAN_FRONTEND: 'noninteractive',
    }
    for (const file of ['/etc/resolv.conf', ...known.map(([, value]) => value as string)])
      if (file.startsWith('/') && existsSync(file)) this.bring(file, file)
  }

  /** Copies a file or a folder into the system. */
  bring(from: string, to: string): void {
    mkdirSync(dirname(join(this.folder, to)), { recursive: true })
    rmSync(join(this.folder, to), { recursive: true, force: true })
    cpSync(from, join(this.folder, to), { recursive: true, dereference: true })
  }

  /**
   * Runs a script of sh inside, with this machine's network or only a loopback; returns its output and its cost. Throws
   * with its output when it fails.
   */
  run(script: string, network: 'own' | 'machine' = 'own'): Ended {
    const isolation = ['--mount', '--pid', '--fork', '--kill-child', ...(network === 'own' ? ['--net'] : [])]
    const began = performance.now()
    const [stdout, times] = finish(
      'unshare',
      [...isolation, 'sh', '-euc', enter, 'sh', this.folder, network, script],
      this.env,
    )
    return { stdout, seconds: (performance.now() - began) / 1000, cpuSeconds: cpuSeconds(times) }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Runs a program to its end; returns what it wrote to its standard output and to descriptor 3. */
const finish = (command: string, words: readonly string[], env = process.env): [string, string] => {
  const stdio = Array<'pipe'>(4).fill('pipe')
  const done = spawnSync(command, words, { encoding: 'utf8', env, stdio, maxBuffer: 1 << 28 })
  if (done.status !== 0)
    throw new Error(`${words.at(-1)}: ${done.status ?? done.signal}\n${done.stdout}${done.stderr}`)
  return [done.stdout, done.output[3] ?? '']
}
