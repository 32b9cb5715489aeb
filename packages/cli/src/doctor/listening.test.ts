// SPDX-License-Identifier: MIT
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Key } from '@wgq/model/key'
import { afterAll, expect, test } from 'vitest'
import { checkListening } from './listening.ts'
import { testSubject } from './testing.ts'

const root = mkdtempSync(join(tmpdir(), 'wgq-listening-'))
afterAll(() => rmSync(root, { recursive: true }))

// A machine in which process 40 is the daemon of wg0 and port 51820 belongs to inode `owner`.
const machine = (owner: string | undefined) => {
  const proc = mkdtempSync(join(root, 'proc-'))
  mkdirSync(join(proc, 'net'))
  mkdirSync(join(proc, '40/fd'), { recursive: true })
  writeFileSync(join(proc, '40/comm'), 'gotatun\n')
  symlinkSync('socket:[7]', join(proc, '40/fd/3'))
  symlinkSync('socket:[9]', join(proc, '40/fd/4'))
  writeFileSync(
    join(proc, 'net/unix'),
    `Num RefCount Protocol Flags Type St Inode Path\n0: 00000002 00000000 00010000 0001 01 7 ${root}/wg0.sock\n`,
  )
  const row = `  1: 00000000:CA6C 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 ${owner} 2 0 0`
  writeFileSync(join(proc, 'net/udp'), `  sl  local_address …\n${owner === undefined ? '' : row}\n`)
  return { proc, sockets: root }
}
const check = (owner: string | undefined, device = {}, link = {}) => {
  const subject = testSubject({}, { publicKey: 'k' as Key, ...device })
  return checkListening(subject.device, { ...(subject.link as object), ...link } as never, machine(owner))
}

test('the socket of the daemon itself is fine, and so is an interface that is down', () => {
  expect(check('9')).toEqual([])
  expect(check(undefined, {}, { up: false })).toEqual([])
})
test('no socket at all, a port of somebody else, and what the daemon says itself are problems', () => {
  expect(check(undefined)[0]?.message).toBe('nothing listens on UDP port 51820, although wg0 says so')
  expect(check('8')[0]?.message).toContain('belongs to another program, not to gotatun (process 40)')
  expect(check('9', { listenPort: 0 })[0]?.message).toContain('does not listen on any UDP port')
  expect(check('9', { listenError: 'EADDRINUSE' })[0]?.message).toContain('Address already in use')
})
test('the socket of a kernel device belongs to no process', () => {
  expect(check('0', {}, { kind: 'wireguard' })).toEqual([])
})
