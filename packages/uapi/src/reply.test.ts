// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { blockBytes } from './block-pool.ts'
import { Reply } from './reply.ts'

const letters = (letter: string, length = blockBytes - 100): string => letter.repeat(length)

test('a block is used again when all have sent it, and not before', async () => {
  const reply = new Reply(2)
  reply.add(letters('a'))
  const first = reply.piece(0) as Buffer
  reply.sent(0)
  const other = Reply.of(letters('b'))
  expect(first.toString()).toBe(letters('a'))
  reply.sent(0)
  const third = Reply.of(letters('c'))
  expect([(third.piece(0) as Buffer).buffer, (other.piece(0) as Buffer).toString()]).toEqual([
    first.buffer,
    letters('b'),
  ])
  reply.end()
})

test('whoever leaves holds nothing back, neither of what is there nor of what comes', async () => {
  const reply = new Reply(2)
  reply.add(letters('a'))
  reply.add(letters('b'))
  const second = reply.piece(1) as Buffer
  reply.leave(0)
  reply.sent(0)
  reply.sent(1)
  reply.add(letters('d'))
  expect((reply.piece(2) as Buffer).buffer).toBe(second.buffer)
  reply.leave(2)
  expect(reply.readerCount).toBe(0)
  reply.add(letters('e'))
  expect(reply.isThere(3)).toBe(false)
})

test('a text longer than a block comes in pieces', () => {
  const text = letters('a', blockBytes) + letters('b', 10)
  const reply = Reply.of(text)
  expect(
    [0, 1, 2].map((index) => (reply.piece(index) as Buffer | undefined)?.toString() ?? '').join(''),
  ).toBe(text)
})
