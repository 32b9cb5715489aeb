// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Key } from '@wgq/model/key'
import { afterAll, expect, test, vi } from 'vitest'
import { ExpiryWatch } from './expiry-watch.ts'

const folder = mkdtempSync(join(tmpdir(), 'wgq-expiry-'))
const path = join(folder, 'wg0.conf')
vi.mock('./config-path.ts', () => ({ configPathOf: () => path }))
afterAll(() => rmSync(folder, { recursive: true }))

const key = (letter: string): string => `${letter.repeat(42)}A=`
const peer = (letter: string, expires: string) =>
  `[Peer]\n# Expires = ${expires}\nPublicKey = ${key(letter)}\n`
const atMs = (text: string): number => Date.parse(text)

test('disables a peer when its day has come, once it fails again after a minute, and no other', () => {
  writeFileSync(
    path,
    `[Interface]\n${peer('a', '2027-01-01')}${peer('b', '2027-01-02T12:00:00Z')}${peer('c', 'soon')}`,
  )
  const asked: Key[] = []
  let works = false
  const watch = new ExpiryWatch((_, publicKey) => {
    asked.push(publicKey)
    return works
  })
  expect(watch.act('wg0', atMs('2027-01-01T23:59:00Z'))).toEqual([])
  expect(asked).toEqual([])
  expect(watch.act('wg0', atMs('2027-01-02T00:00:00Z'))).toEqual([])
  expect(watch.act('wg0', atMs('2027-01-02T00:00:30Z'))).toEqual([])
  expect(asked).toEqual([key('a')])
  works = true
  expect(watch.act('wg0', atMs('2027-01-02T00:01:01Z'))).toEqual([
    { event: 'expired', interface: 'wg0', peer: key('a') },
  ])
  // The file after the peer was disabled or its date postponed.
  writeFileSync(path, `[Interface]\n${peer('a', '2027-02-01')}`)
  utimesSync(path, 1, 1)
  expect(watch.act('wg0', atMs('2027-01-03'))).toEqual([])
})
