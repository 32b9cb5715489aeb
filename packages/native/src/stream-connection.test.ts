// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectStream } from './stream-connection.ts'
import { listenStreams } from './stream-listener.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-stream-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** `rung` resolves when the function it returned last is called. */
const bell = () => {
  let ring = () => {}
  const rung = () =>
    new Promise<void>((resolve) => {
      ring = resolve
    })
  return { rung, ring: () => ring() }
}

test('bytes go both ways, and what the other side does is heard', async () => {
  const path = join(folder, 's')
  const served = bell()
  const listener = listenStreams({ path }, () => served.ring())
  const waiting = served.rung()
  const heard = bell()
  const connection = connectStream(path, () => heard.ring())
  await waiting
  const stream = listener.accept()
  const into = Buffer.alloc(10)
  expect(connection.receive(into)).toBe(-1)
  expect(connection.send(Buffer.from('hello'))).toBe(5)
  expect(into.toString('latin1', 0, listener.receive(stream, into))).toBe('hello')
  connection.watch(true, false)
  let ready = heard.rung()
  listener.send(stream, Buffer.from('there'))
  await ready
  expect(into.toString('latin1', 0, connection.receive(into))).toBe('there')
  ready = heard.rung()
  listener.close(stream)
  await ready
  expect(connection.receive(into)).toBe(0)
  expect(() => connection.send(Buffer.from('who?'))).toThrow(expect.objectContaining({ code: 'EPIPE' }))
  connection.close()
  connection.close()
  for (const use of [() => connection.receive(into), () => connection.watch(true, true)])
    expect(use).toThrow(expect.objectContaining({ code: 'EBADF' }))
  listener.closeAll()
})

test('what a kernel holds back is known, and nobody waits for it', () => {
  const path = join(folder, 's')
  const listener = listenStreams({ path }, () => {})
  const connection = connectStream(path, () => {})
  const piece = Buffer.alloc(1 << 20)
  let sent = 0
  for (let took = 0; took >= 0; took = connection.send(piece)) sent += took
  expect(sent).toBeGreaterThan(0)
  connection.close()
  listener.closeAll()
})

test('why nobody can be reached', () => {
  const path = join(folder, 's')
  const refusal = (where: string) => {
    try {
      connectStream(where, () => {})
    } catch (error) {
      return (error as NodeJS.ErrnoException).code
    }
    return undefined
  }
  expect(refusal(path)).toBe('ENOENT')
  listenStreams({ path }, () => {}).closeAll()
  expect(refusal(path)).toBe('ECONNREFUSED')
  expect(refusal(join(folder, 'x'.repeat(200)))).toBe('ENAMETOOLONG')
})
