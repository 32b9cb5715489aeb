// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { currentNetns } from './journal.ts'
import { livingNamespaces } from './living-namespaces.ts'

describe('in a proc of our own making', () => {
  let proc: string
  const processOf = (pid: string, more: { threads?: number[]; fds?: string[]; mounts?: string } = {}) => {
    for (const [index, netns] of (more.threads ?? [1]).entries()) {
      mkdirSync(join(proc, pid, `task/${index}/ns`), { recursive: true })
      symlinkSync(`net:[${netns}]`, join(proc, pid, `task/${index}/ns/net`))
    }
    mkdirSync(join(proc, pid, 'fd'), { recursive: true })
    for (const [index, target] of (more.fds ?? []).entries())
      symlinkSync(target, join(proc, pid, `fd/${index}`))
    writeFileSync(join(proc, pid, 'mountinfo'), more.mounts ?? '')
  }
  const self = (pidNamespace: string, options = 'rw') => {
    mkdirSync(join(proc, 'self/ns'), { recursive: true })
    symlinkSync(pidNamespace, join(proc, 'self/ns/pid'))
    writeFileSync(
      join(proc, 'self/mountinfo'),
      `22 1 0:21 / /proc rw,nosuid shared:12 - proc proc ${options}\n`,
    )
  }
  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'wgq-proc-'))
  })
  afterEach(() => rmSync(proc, { recursive: true }))

  test('processes, their threads, open handles and names count', () => {
    self('pid:[4026531836]')
    processOf('1', { mounts: '40 25 0:4 net:[5] /run/netns/vpn rw shared:20 - nsfs nsfs rw\n' })
    processOf('77', { threads: [2, 3], fds: ['/dev/null', 'net:[4]', 'mnt:[9]'] })
    expect([...(livingNamespaces(proc) ?? [])].sort()).toEqual([1, 2, 3, 4, 5])
  })

  test.each([
    ['in a process namespace of our own', 'pid:[4026532200]', 'rw'],
    ['where processes are hidden', 'pid:[4026531836]', 'rw,hidepid=invisible'],
  ])('nothing is said %s', (_, pidNamespace, options) => {
    self(pidNamespace, options)
    processOf('1')
    expect(livingNamespaces(proc)).toBeUndefined()
  })

  test('hidepid=0 hides nothing', () => {
    self('pid:[4026531836]', 'rw,hidepid=0')
    processOf('1')
    expect(livingNamespaces(proc)).toEqual(new Set([1]))
  })
})

const unshared = spawnSync('unshare', ['--net', 'true']).status === 0
if (!unshared) console.warn('living-namespaces: a part is skipped: needs root and unshare(1)')

test.skipIf(!unshared)(
  'what the kernel shows of a process in a namespace of its own is read until it ends',
  async () => {
    const child = spawn('unshare', ['--net', 'sh', '-c', 'stat -Lc %i /proc/self/ns/net; read _'])
    const inode = Number(String((await once(child.stdout, 'data'))[0]))
    expect(inode).not.toBe(currentNetns())
    // Only these two: we may not be allowed to inspect every process of this machine.
    const proc = mkdtempSync(join(tmpdir(), 'wgq-proc-'))
    mkdirSync(join(proc, 'self/ns'), { recursive: true })
    symlinkSync('pid:[4026531836]', join(proc, 'self/ns/pid'))
    symlinkSync('/proc/self/mountinfo', join(proc, 'self/mountinfo'))
    for (const pid of [child.pid, process.pid]) symlinkSync(`/proc/${pid}`, join(proc, `${pid}`))
    expect(livingNamespaces(proc)).toContain(inode)
    expect(livingNamespaces(proc)).toContain(currentNetns())
    child.kill()
    await once(child, 'close')
    const left = livingNamespaces(proc)
    expect(left).toContain(currentNetns())
    expect(left).not.toContain(inode)
    rmSync(proc, { recursive: true })
  },
)
