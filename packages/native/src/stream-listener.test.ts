// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listenStreams } from './stream-listener.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-streams-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A listener with one connection, and what was ready since. */
const connected = async () => {
  const path = join(folder, 's')
  const ready: number[] = []
  let wake = () => {}
  const listener = listenStreams({ path }, (stream) => {
    ready.push(stream)
    wake()
  })
  const heard = () =>
    new Promise<void>((resolve) => {
      wake = resolve
    })
  const waiting = heard()
  const client = connect(path)
  await waiting
  return { listener, client, ready, heard, stream: listener.accept() }
}

test('a connection is known by a number that is never given again', async () => {
  const { listener, client, stream, heard, ready } = await connected()
  expect([stream, listener.accept()]).toEqual([1, 0])
  const into = Buffer.alloc(10)
  expect(listener.receive(stream, into)).toBe(-1)
  listener.watch(stream, true, false)
  const written = heard()
  client.write('hello')
  await written
  expect(ready).toContain(stream)
  expect(into.toString('latin1', 0, listener.receive(stream, into))).toBe('hello')
  expect(listener.send(stream, Buffer.from('there'))).toBe(5)
  expect(await new Promise((resolve) => client.once('data', (piece) => resolve(piece.toString())))).toBe(
    'there',
  )
  listener.close(stream)
  listener.close(stream)
  for (const use of [
    () => listener.receive(stream, into),
    () => listener.send(stream, into),
    () => listener.watch(stream, true, true),
  ])
    expect(use).toThrow(expect.objectContaining({ code: 'EBADF' }))
  listener.closeAll()
  listener.closeAll()
  expect(listener.accept()).toBe(0)
  client.destroy()
})

test('a method on an object of another kind is refused', async () => {
  const { listener, client } = await connected()
  const { accept } = listener
  for (const other of [{}, process, undefined])
    expect(() => accept.call(other as never)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: 'This method belongs to an object of another kind',
      }),
    )
  listener.closeAll()
  client.destroy()
})

test('what cannot be listened on is an error with its code, and closes nothing else', async () => {
  const { listener, client } = await connected()
  const listen = (path: string) => () => listenStreams({ path }, () => {})
  expect(listen(join(folder, 's'))).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
  expect(listen(join(folder, 'none/s'))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  expect(listen(`/${'a'.repeat(200)}`)).toThrow(expect.objectContaining({ code: 'ENAMETOOLONG' }))
  listener.closeAll()
  client.destroy()
})

test('the addon that is shipped has no functions for tests', () => {
  const addon = createRequire(import.meta.url)('../build/wgq.node')
  expect(Object.keys(addon)).toContain('createEngine')
  expect(Object.keys(addon)).not.toContain('testing')
})
