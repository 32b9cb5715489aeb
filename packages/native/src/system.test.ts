// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { constants, tmpdir, uptime } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  bootTimeNanoseconds,
  interfaceIndex,
  interfaceName,
  ioctl,
  ioctlWithPointer,
  lockFile,
  zero,
} from './system.ts'

const inet = 2
const siocgifname = 0x8910
const siocgifconf = 0x8912

test('an interface is found by name and by index', () => {
  const index = interfaceIndex('lo')
  expect(index).toBeGreaterThan(0)
  expect(interfaceName(index ?? 0)).toBe('lo')
  expect(interfaceIndex('no-such-device')).toBeUndefined()
  expect(interfaceName(0x7fffffff)).toBeUndefined()
})

test('an ioctl reads and writes its buffer', () => {
  const request = Buffer.alloc(40)
  request.writeInt32LE(interfaceIndex('lo') ?? 0, 16)
  expect(ioctl({ family: inet }, siocgifname, request)).toBe(0)
  expect(request.toString('latin1', 0, 3)).toBe('lo\0')
})

test('a refused ioctl raises the error of the system', () => {
  const request = Buffer.alloc(40)
  request.writeInt32LE(0x7fffffff, 16)
  expect(() => ioctl({ family: inet }, siocgifname, request)).toThrow(
    expect.objectContaining({ code: 'ENODEV', syscall: 'ioctl' }),
  )
})

test('an ioctl fills a second buffer and leaves no address behind', () => {
  const data = Buffer.alloc(40 * 64)
  const header = Buffer.alloc(16)
  header.writeInt32LE(data.length, 0)
  ioctlWithPointer({ family: inet }, siocgifconf, header, 8, data)
  expect(header.readInt32LE(0)).toBeGreaterThanOrEqual(40)
  expect(data.toString('latin1')).toContain('lo\0')
  expect(header.readBigUInt64LE(8)).toBe(0n)
  expect(() => ioctlWithPointer({ family: inet }, siocgifconf, header, 9, data)).toThrow(TypeError)
})

test('the boot clock counts nanoseconds since boot', () => {
  const before = bootTimeNanoseconds()
  expect(bootTimeNanoseconds()).toBeGreaterThanOrEqual(before)
  expect(Number(before) / 1e9).toBeGreaterThan(uptime() - 60)
})

test('zero wipes a buffer', () => {
  const key = Buffer.from('secret')
  zero(key)
  expect(key).toEqual(Buffer.alloc(6))
})

test('a file lock excludes a second holder until its descriptor is closed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-lock-'))
  const path = join(folder, 'lock')
  const first = openSync(path, 'w')
  const second = openSync(path, 'w')
  expect(lockFile(first, { wait: false })).toBe(true)
  expect(lockFile(second, { wait: false })).toBe(false)
  closeSync(first)
  expect(lockFile(second, { wait: true })).toBe(true)
  closeSync(second)
  rmSync(folder, { recursive: true })
})

test('capabilities are given up for good', { skip: process.getuid?.() !== 0 }, () => {
  const script = `
    const addon = require(process.argv[1])
    addon.setDumpable(false)
    addon.setProcessName('wgq-test')
    addon.keepCapabilities(1n << 12n)
    const { readdirSync, readFileSync } = require('node:fs')
    const status = (thread) => readFileSync('/proc/self/task/' + thread + '/status', 'utf8').split('\\n')
    const facts = (thread) => Object.fromEntries(status(thread).map((line) => line.split(':\\t')))
    console.log(JSON.stringify([facts(process.pid), ...readdirSync('/proc/self/task').map(facts)]))`
  const addon = process.env['WGQ_ADDON'] ?? join(import.meta.dirname, '../build/wgq.node')
  const threads = JSON.parse(execFileSync(process.execPath, ['-e', script, addon], { encoding: 'utf8' }))
  expect(threads[0].Name).toBe('wgq-test')
  // Node created the others before it loaded the addon.
  expect(threads.length).toBeGreaterThan(3)
  for (const thread of threads)
    expect(thread).toMatchObject({
      CapPrm: '0000000000001000',
      CapEff: '0000000000001000',
      CapBnd: '0000000000001000',
      NoNewPrivs: '1',
    })
})

// The numbers are the same on every processor (Linux 5.1 and later).
test('of the newer system calls only those that packets, threads and waiting need are left', () => {
  const calls = {
    io_uring_setup: 425,
    move_mount: 429,
    pidfd_open: 434,
    clone3: 435,
    openat2: 437,
    pidfd_getfd: 438,
    mount_setattr: 442,
    memfd_secret: 447,
    fchmodat2: 452,
    listmount: 458,
    setxattrat: 463,
  }
  const script = `
    const addon = require(process.argv[1])
    const errors = (calls) => calls.map((number) => addon.testing.systemCallErrno(number))
    const refused = JSON.parse(process.argv[2])
    addon.confineSystemCalls(false)
    console.log(JSON.stringify({ refused: errors(refused), left: errors([426, 436, 441, 449]) }))`
  const addon = process.env['WGQ_ADDON'] ?? join(import.meta.dirname, '../build/wgq-testing.node')
  const args = ['-e', script, addon, JSON.stringify(Object.values(calls))]
  const found = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  expect(found.refused).toEqual(found.refused.map(() => constants.errno.ENOSYS))
  // io_uring_enter, close_range, epoll_pwait2, futex_waitv
  for (const error of found.left) expect([constants.errno.ENOSYS, constants.errno.EPERM]).not.toContain(error)
})

test('system calls that are given up fail on every thread, what packets need goes on', async () => {
  const script = `
    const addon = require(process.argv[1])
    const { createSocket } = require('node:dgram')
    const { createServer } = require('node:net')
    const { spawnSync } = require('node:child_process')
    const fs = require('node:fs')
    const attempt = (act) => { try { act(); return 'done' } catch (error) { return error.code } }
    fs.writeFileSync(process.argv[2], '')
    addon.confineSystemCalls(false)
    const found = {
      read: attempt(() => fs.readFileSync('/etc/hostname')),
      write: attempt(() => fs.writeFileSync('/tmp/wgq-never', '')),
      mkdir: attempt(() => fs.mkdirSync('/tmp/wgq-never')),
      rename: attempt(() => fs.renameSync(process.argv[2], '/tmp/wgq-never')),
      kill: attempt(() => process.kill(process.ppid, 0)),
      spawn: spawnSync('/bin/true').error?.code,
      setuid: attempt(() => process.setuid(65534)),
      netns: attempt(() => addon.setNetns('/proc/self/ns/net')),
      unlink: attempt(() => fs.unlinkSync(process.argv[2])),
    }
    const listen = new Promise((resolve) =>
      createServer().on('error', ({ code }) => resolve(code)).listen(0, '127.0.0.1', () => resolve('done')))
    const pooled = new Promise((resolve) => fs.readFile('/etc/hostname', (error) => resolve(error?.code ?? 'done')))
    const udp = createSocket('udp4').bind(0, async () => {
      console.log(JSON.stringify({ ...found, listen: await listen, pooled: await pooled, udp: 'done' }))
      process.exit(0)
    })`
  const addon = process.env['WGQ_ADDON'] ?? join(import.meta.dirname, '../build/wgq.node')
  const folder = mkdtempSync(join(tmpdir(), 'wgq-confined-'))
  const args = ['-e', script, addon, join(folder, 'file')]
  const found = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  rmSync(folder, { recursive: true })
  expect(found).toEqual({
    read: 'EPERM',
    write: 'EPERM',
    mkdir: 'EPERM',
    rename: 'EPERM',
    kill: 'EPERM',
    spawn: 'EPERM',
    setuid: 'EPERM',
    netns: 'EPERM',
    unlink: 'done',
    listen: 'EACCES',
    pooled: 'EPERM',
    udp: 'done',
  })
})
