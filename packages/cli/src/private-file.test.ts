// SPDX-License-Identifier: MIT
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writePrivateFile } from './private-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-private-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a device stays what it is: nothing takes the place of /dev/null or /dev/stdout', () => {
  const link = join(folder, 'null')
  symlinkSync('/dev/null', link)
  writePrivateFile(link, 'secret')
  expect(lstatSync(link).isSymbolicLink()).toBe(true)
  expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  expect(readdirSync(folder)).toEqual(['null'])
})

test('a named pipe gets the text and stays', async () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const reader = spawn('cat', [pipe])
  let text = ''
  reader.stdout.on('data', (bytes) => {
    text += bytes
  })
  const closed = once(reader, 'close')
  writePrivateFile(pipe, 'secret')
  await closed
  expect(text).toBe('secret')
  expect(lstatSync(pipe).isFIFO()).toBe(true)
})

test('a link of our own is followed; one of somebody else is replaced', () => {
  const [target, link, stranger] = ['target', 'link', 'stranger'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(target, 'before')
  symlinkSync(target, link)
  writePrivateFile(link, 'secret')
  expect(lstatSync(link).isSymbolicLink()).toBe(true)
  expect([readFileSync(target, 'utf8'), lstatSync(target).mode & 0o777]).toEqual(['secret', 0o600])
  if (process.geteuid?.() !== 0) return
  symlinkSync(target, stranger)
  execFileSync('chown', ['-h', '65534', stranger])
  writePrivateFile(stranger, 'other')
  expect(lstatSync(stranger).isFile()).toBe(true)
  expect(readFileSync(target, 'utf8')).toBe('secret')
})

test('a directory is refused and keeps what it has; nothing is left beside', () => {
  const directory = join(folder, 'directory')
  mkdirSync(directory)
  expect(() => writePrivateFile(directory, 'secret')).toThrow(/cannot be written: Is a directory/)
  expect(() => writePrivateFile(join(folder, 'none/file'), 'secret')).toThrow(/No such file or directory/)
  expect(readdirSync(folder)).toEqual(['directory'])
})
