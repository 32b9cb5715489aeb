// SPDX-License-Identifier: MIT
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { Namespace, whyNoNetns } from '../../../test/support/netns.ts'
import { openNetlinkSocket } from './raw-socket.ts'
import { hasOffloads } from './testing.ts'
import { openTun } from './tun.ts'

const route = 0
const dumpLinks = (sequence: number) => {
  const message = Buffer.alloc(32)
  message.writeUInt32LE(32, 0)
  message.writeUInt16LE(18, 4) // RTM_GETLINK
  message.writeUInt16LE(0x301, 6) // NLM_F_REQUEST | NLM_F_DUMP
  message.writeUInt32LE(sequence, 8)
  return message
}

test('a request is answered', () => {
  const socket = openNetlinkSocket({ protocol: route, receiveBufferBytes: 1 << 20 })
  expect(socket.portId).toBeGreaterThan(0)
  expect(socket.receive()).toBeUndefined()
  expect(socket.receiveBlocking(1)).toBeUndefined()
  socket.send(dumpLinks(7))
  const answer = Buffer.from(socket.receiveBlocking(5000) ?? [])
  expect(answer.readUInt16LE(4)).toBe(16) // RTM_NEWLINK
  expect(answer.readUInt32LE(8)).toBe(7)
  expect(answer.includes('lo\0')).toBe(true)
  socket.close()
  expect(() => socket.receive()).toThrow(expect.objectContaining({ code: 'EBADF' }))
})

test('a waiting datagram is announced on the event loop', async () => {
  const socket = openNetlinkSocket({ protocol: route })
  const seen = new Promise<void>((resolve) => socket.watch(resolve))
  socket.send(dumpLinks(1))
  await seen
  expect(socket.receive()).toBeDefined()
  socket.watch(undefined)
  socket.close()
})

test('an unknown protocol is refused', () => {
  expect(() => openNetlinkSocket({ protocol: 99 })).toThrow(
    expect.objectContaining({ code: 'EPROTONOSUPPORT' }),
  )
  expect(() => openNetlinkSocket({ protocol: route, netns: { path: '/nowhere' } })).toThrow(
    expect.objectContaining({ code: 'ENOENT' }),
  )
})

const reason = whyNoNetns()
describe.skipIf(reason)(`in another namespace${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const ns = new Namespace('native')
  afterAll(() => ns.remove())

  const linkNames = (netns: { path: string } | { tunFd: number }) => {
    const socket = openNetlinkSocket({ protocol: route, netns })
    socket.send(dumpLinks(1))
    let text = ''
    for (;;) {
      const part = Buffer.from(socket.receiveBlocking(5000) ?? [])
      text += part.toString('latin1')
      if (part.length === 0 || part.readUInt16LE(4) === 3) break // NLMSG_DONE
    }
    socket.close()
    return text
  }

  test('a socket and a TUN are opened there, by path and by descriptor', async () => {
    const tun = openTun({ name: 'wgq%d', netns: ns.path, offload: 'auto' })
    expect(tun.name).toBe('wgq0')
    expect(tun.vnetHeader).toBe(hasOffloads())
    expect(ns.run('ip', '-br', 'link', 'show', 'wgq0')).toContain('wgq0')
    expect(linkNames({ path: ns.path })).toContain('wgq0\0')
    expect(linkNames({ tunFd: tun.fd })).toContain('wgq0\0')
    const { closeSync } = await import('node:fs')
    closeSync(tun.fd)
    expect(ns.tryRun('ip', ['link', 'show', 'wgq0']).status).not.toBe(0)
  })

  test('a device without the header is opened without it', () => {
    const tun = openTun({ name: 'plain0', netns: ns.path, offload: 'off' })
    expect(tun).toMatchObject({ vnetHeader: false, udpSegmentation: false })
    expect(() => openTun({ name: 'plain0', netns: ns.path, offload: 'auto' })).toThrow(
      expect.objectContaining({ code: 'EBUSY' }),
    )
    expect(() => openTun({ name: 'a-name-of-17-bytes', offload: 'auto' })).toThrow(
      expect.objectContaining({ code: 'ENAMETOOLONG' }),
    )
  })
})

test('a listener that throws does not end the watch silently', async () => {
  const socket = openNetlinkSocket({ protocol: route })
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const raised = once(process, 'uncaughtException')
  socket.watch(() => {
    socket.watch(undefined)
    throw new Error('from the listener')
  })
  socket.send(dumpLinks(1))
  const [error] = await raised
  for (const listener of listeners) process.on('uncaughtException', listener)
  expect(error).toMatchObject({ message: 'from the listener' })
  socket.close()
  await delay(0)
})
