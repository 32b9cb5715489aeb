// SPDX-License-Identifier: MIT
import type { NativeNetlinkSocket } from '@wgq/native/raw-socket'
import { expect, test } from 'vitest'
import { LinkWatch } from './link-watch.ts'

const word = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const attribute = (kind: number, value: Buffer) =>
  Buffer.concat([Buffer.of(4 + value.length, 0, kind, 0), value])

/** A kernel with one TUN in one of its namespaces; our socket is in namespace 0. */
const world = () => {
  const link = { name: 'wg0', index: 7, netns: 0, up: false, mtu: 1420, exists: true }
  const listeners: { deliver: (datagram: Buffer) => void }[] = []
  const states: string[] = []
  const message = (kind: number, attributes: Buffer[]) => {
    const body = Buffer.concat([
      Buffer.alloc(4),
      word(link.index),
      word(link.up ? 1 : 0),
      word(0),
      ...attributes,
    ])
    return Buffer.concat([word(16 + body.length), Buffer.of(kind, 0, 0, 0), word(0), word(0), body])
  }
  const state = () =>
    message(16, [attribute(3, Buffer.from(`${link.name}\0`.padEnd(4, '\0'))), attribute(4, word(link.mtu))])
  const noSuchLink = Buffer.concat([word(20), Buffer.of(2, 0, 0, 0), word(0), word(0), word(-19 >>> 0)])

  const openSocket = (): NativeNetlinkSocket => {
    const queue: Buffer[] = []
    let listener: (() => void) | undefined
    listeners.push({
      deliver: (datagram) => {
        queue.push(datagram)
        listener?.()
      },
    })
    return {
      portId: 1,
      send: (datagram) => {
        const query = Buffer.from(datagram)
        const byName = query.length === 40 && query.readUInt16LE(34) === 3
        const netns = !byName && query.length === 40 ? query.readUInt32LE(36) : 0
        const same = byName
          ? query.toString('latin1', 36, 39) === link.name
          : query.readUInt32LE(20) === link.index
        queue.push(link.exists && same && netns === link.netns ? state() : noSuchLink)
      },
      receive: () => queue.shift(),
      receiveBlocking: () => queue.shift(),
      watch: (call) => {
        listener = call
      },
      close: () => undefined,
    }
  }
  const watch = new LinkWatch({
    openSocket,
    currentName: () => (link.exists ? link.name : undefined),
    tunFd: 3,
    onState: ({ up, mtu }) => states.push(`${up ? 'up' : 'down'} ${mtu}`),
    onDeleted: () => states.push('deleted'),
    onLost: () => states.push('lost'),
  })
  const [change, gone] = [16, 17]
  return {
    link,
    states,
    watch,
    /** Changes the link and sends the notification that the kernel would send. */
    set: (what: Partial<typeof link>) => {
      Object.assign(link, what)
      listeners[0]?.deliver(message(change, [attribute(4, word(link.mtu))]))
    },
    move: (netns: number, index: number) => {
      const place = netns === 0 ? [] : [attribute(45, word(netns)), attribute(49, word(index))]
      const news = message(gone, place)
      Object.assign(link, { netns, index, up: false })
      listeners[0]?.deliver(news)
    },
    /** A link with the same index is deleted in some other namespace. */
    deleteOther: () => listeners[0]?.deliver(message(gone, [])),
    delete: () => {
      const news = message(gone, [])
      link.exists = false
      listeners[0]?.deliver(news)
    },
  }
}

test('state at the start, then every change once', () => {
  const w = world()
  w.watch.start()
  w.set({ up: true })
  w.set({ up: true })
  w.set({ mtu: 1280 })
  expect(w.states).toEqual(['down 1420', 'up 1420', 'up 1280'])
})

test('a rename changes nothing', () => {
  const w = world()
  w.watch.start()
  w.set({ name: 'wg1' })
  w.set({ up: true })
  expect(w.states).toEqual(['down 1420', 'up 1420'])
})

test('deleted', () => {
  const w = world()
  w.watch.start()
  w.delete()
  expect(w.states).toEqual(['down 1420', 'deleted'])
})

test('moved to another namespace, changed there, moved back, deleted', () => {
  const w = world()
  w.watch.start()
  w.set({ up: true })
  expect(w.watch.isHere).toBe(true)
  w.move(4, 9)
  expect(w.watch.isHere).toBe(false)
  w.set({ up: true })
  w.set({ mtu: 1300 })
  w.move(0, 7)
  expect(w.watch.isHere).toBe(true)
  w.set({ up: true })
  w.delete()
  expect(w.states).toEqual([
    ...['down 1420', 'up 1420', 'down 1420', 'up 1420', 'up 1300', 'down 1300', 'up 1300', 'deleted'],
  ])
})

test('news of another link with the same index in another namespace are seen through', () => {
  const w = world()
  w.watch.start()
  w.set({ up: true })
  w.deleteOther()
  expect(w.states).toEqual(['down 1420', 'up 1420'])
})
