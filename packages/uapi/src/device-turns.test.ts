// SPDX-License-Identifier: MIT
import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { DeviceTurns } from './device-turns.ts'
import type { Reply } from './reply.ts'
import type { ServedDevice } from './server-device.ts'
import { servedPeer } from './testing/served-peer.ts'

/** Turns at a device with this many peers, and a log of the calls. */
const turnsAt = (peers: number) => {
  const log: string[] = []
  const states = Array.from({ length: peers }, (_, index) => servedPeer(index))
  const device = {
    read: () => {
      log.push('read')
      return { privateKey: undefined, listenPort: 0, fwmark: 0, peers: states }
    },
    setListenPort: (port: number) => log.push(`port ${port}`),
    commit: () => undefined,
  } as unknown as ServedDevice
  return { log, turns: new DeviceTurns(device, () => undefined) }
}
function* lines(...texts: string[]): Generator<string> {
  yield* texts
}
/** More lines than one slice of work. */
function* long(): Generator<string> {
  const end = Date.now() + 20
  while (Date.now() < end) yield 'listen_port=1'
}

test('a short reply is there at once', () => {
  const reply = turnsAt(1).turns.get()
  expect(reply).not.toBeInstanceOf(Promise)
  expect(reply).toMatchObject({ readerCount: 1 })
})

test('who asks comes before the next change; all who wait get one reply', async () => {
  const { log, turns } = turnsAt(1)
  const answered: string[] = []
  const note = (name: string) => () => answered.push(name)
  const work = [
    turns.set(long()).then(note('first set')),
    turns.set(lines('listen_port=2')).then(note('second set')),
    ...[1, 2, 3].map((number) => Promise.resolve(turns.get()).then(note(`get ${number}`))),
  ]
  await Promise.all(work)
  expect(answered).toEqual(['first set', 'get 1', 'get 2', 'get 3', 'second set'])
  expect(log.filter((line) => line !== 'port 1')).toEqual(['read', 'port 2'])
})

const textOf = async (reply: Reply | Promise<Reply>): Promise<string> => {
  let text = ''
  const made = await reply
  for (let index = 0; ; index++) {
    const piece = await made.piece(index)
    if (piece === undefined) return text
    text += piece.toString()
  }
}

test('a long reply begins at once and is held once by all who waited for it', async () => {
  const { log, turns } = turnsAt(5000)
  const first = turns.get()
  expect(first).not.toBeInstanceOf(Promise)
  const [second, third] = await Promise.all([turns.get(), turns.get()])
  expect(second).toBe(third)
  expect(second).toMatchObject({ readerCount: 2 })
  for (const reply of [first, second])
    expect((await textOf(reply as Reply)).match(/^public_key=/gm)).toHaveLength(5000)
  expect(await textOf(turns.get())).toMatch(/^public_key=0{64}\n.*\nerrno=0\n\n$/s)
  expect(log).toHaveLength(3)
})

test('a set is forgotten with all that it holds while it waits, and goes on once it has begun', async () => {
  const { log, turns } = turnsAt(1)
  const [begun, waits] = [long(), lines('set=1', 'listen_port=2')]
  waits.next()
  const both = [turns.set(begun), turns.set(waits)]
  turns.cancel(begun)
  turns.cancel(waits)
  expect(waits.next().done).toBe(true)
  expect(await Promise.all(both)).toEqual([0, constants.errno.ECANCELED])
  expect(log).not.toContain('port 2')
  expect(log).toContain('port 1')
})

test('a device that fails to read ends only who asked', async () => {
  let fails = true
  const device = {
    read: () => {
      if (fails) throw new Error('no')
      return { privateKey: undefined, listenPort: 0, fwmark: 0, peers: [] }
    },
    setListenPort: () => undefined,
    commit: () => undefined,
  } as unknown as ServedDevice
  const turns = new DeviceTurns(device, () => undefined)
  const set = turns.set(long())
  const refused = expect(textOf(turns.get())).rejects.toThrow('no')
  await set
  await refused
  fails = false
  expect(turns.get()).toMatchObject({ readerCount: 1 })
})

test('a device that fails in the middle of a long reply ends only who asked', async () => {
  const device = {
    read: () => ({
      privateKey: undefined,
      listenPort: 0,
      fwmark: 0,
      peers: (function* () {
        for (let index = 0; index < 2000; index++) yield servedPeer(index)
        throw new Error('no')
      })(),
    }),
    setListenPort: () => undefined,
    commit: () => undefined,
  } as unknown as ServedDevice
  const turns = new DeviceTurns(device, () => undefined)
  await expect(textOf(turns.get())).rejects.toThrow('no')
  expect(await turns.set(lines('listen_port=2'))).toBe(0)
})
