// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import {
  Connections,
  mostBusyBytes,
  mostConnections,
  mostHeldBytes,
  quietMs,
  readTimeMs,
} from './connections.ts'

type Fake = ReturnType<typeof fake>
const fakes = (connections: Connections, count: number) =>
  Array.from({ length: count }, () => fake(connections))
const fake = (connections: Connections) => {
  const connection = {
    destroyed: false,
    destroy: () => {
      connection.destroyed = true
      connections.forget(connection)
    },
  }
  return connection
}

test('one connection too many ends the one that was quiet longest', () => {
  const connections = new Connections()
  const sockets = fakes(connections, mostConnections)
  for (const socket of sockets) connections.add(socket)
  connections.hold(sockets[0] as Fake, 1)
  const fresh = fake(connections)
  connections.add(fresh)
  expect(sockets.map(({ destroyed }) => destroyed).indexOf(true)).toBe(1)
  expect(fresh.destroyed).toBe(false)
  expect(connections.count).toBe(mostConnections)
})

test('what all hold together stays below the bound; the active one goes on', () => {
  let now = 0
  const connections = new Connections(() => now)
  const sockets = fakes(connections, 16)
  for (const socket of sockets) connections.add(socket)
  for (let megabytes = 1; megabytes <= 3; megabytes++)
    for (const socket of sockets) {
      if (socket.destroyed) continue
      now += quietMs
      connections.hold(socket, megabytes << 20)
      expect(socket.destroyed).toBe(false)
      expect(connections.heldBytes).toBeLessThanOrEqual(mostHeldBytes)
    }
  const [last] = sockets.filter(({ destroyed }) => !destroyed)
  if (last) connections.hold(last, 3 * mostHeldBytes)
  expect(sockets.filter(({ destroyed }) => !destroyed)).toEqual([last])
  connections.close()
  expect([connections.heldBytes, connections.count]).toEqual([0, 0])
})

test('who reads or writes makes no room below the upper bound, and does when it is quiet', () => {
  let now = 0
  const connections = new Connections(() => now)
  const [a, b, c] = [fake(connections), fake(connections), fake(connections)]
  for (const socket of [a, b, c]) connections.add(socket)
  for (const socket of [a, b]) connections.hold(socket, mostHeldBytes)
  expect([a.destroyed, b.destroyed]).toEqual([false, false])
  connections.hold(c, mostBusyBytes - mostHeldBytes)
  expect([a.destroyed, b.destroyed, c.destroyed]).toEqual([true, false, false])
  now = quietMs
  connections.sweep()
  expect([b.destroyed, c.destroyed]).toEqual([true, false])
})

test('those who share a reply do not end each other, however long it is', () => {
  let now = 0
  const connections = new Connections(() => now)
  const [a, b] = [fake(connections), fake(connections)]
  for (const socket of [a, b]) connections.add(socket)
  const reply = {}
  for (const socket of [a, b, a, b]) {
    now += quietMs
    connections.hold(socket, mostBusyBytes, readTimeMs, reply)
  }
  expect([a.destroyed, b.destroyed]).toEqual([false, false])
})

test('a client that reads nothing for ten seconds is ended, one that is idle is not', () => {
  let now = 0
  const connections = new Connections(() => now)
  const [slow, idle, done] = [fake(connections), fake(connections), fake(connections)]
  for (const socket of [slow, idle, done]) connections.add(socket)
  connections.hold(slow, 100, readTimeMs)
  connections.hold(done, 100, readTimeMs)
  connections.hold(done, 0, Number.POSITIVE_INFINITY)
  now = readTimeMs - 1
  connections.sweep()
  expect(slow.destroyed).toBe(false)
  now = readTimeMs
  connections.sweep()
  expect([slow.destroyed, idle.destroyed, done.destroyed]).toEqual([true, false, false])
})
