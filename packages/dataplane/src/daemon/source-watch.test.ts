// SPDX-License-Identifier: MIT
import { endpointRecordBytes } from '@wgq/native/engine'
import type { NativeNetlinkSocket } from '@wgq/native/raw-socket'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SourceWatch } from './source-watch.ts'

/** A kernel whose default route leaves through `oif`; undefined: none. Every address is its own while `local`. */
const world = (onChange: () => Promise<void> = async () => undefined) => {
  const kernel = { oif: 3 as number | undefined, local: true, asked: 0, news: 0 }
  let listener: (() => void) | undefined
  const openSocket = (): NativeNetlinkSocket => ({
    portId: 1,
    send: () => {
      kernel.asked++
    },
    receive: () => {
      if (kernel.news > 0) {
        kernel.news--
        return Buffer.alloc(16)
      }
      if (kernel.asked === 0) return undefined
      kernel.asked--
      const answer = Buffer.alloc(36)
      answer.writeUInt32LE(36, 0)
      answer.writeUInt16LE(kernel.oif === undefined ? 2 : 24, 4)
      // rtm_type: RTN_LOCAL or RTN_UNICAST
      answer[16 + 7] = kernel.local ? 2 : 1
      answer.writeUInt16LE(8, 28)
      answer.writeUInt16LE(4, 30)
      answer.writeUInt32LE(kernel.oif ?? 0, 32)
      return answer
    },
    receiveBlocking: () => undefined,
    watch: (call) => {
      listener = call
    },
    close: () => undefined,
  })
  const watch = new SourceWatch(openSocket, onChange)
  const change = () => {
    kernel.news++
    listener?.()
  }
  return { kernel, watch, change }
}

/** An endpoint of family 4 or 6 with a source learned on interface 3. */
const record = (family: 4 | 6, source: 0 | 4 | 6 = family, first = 10) => {
  const bytes = Buffer.alloc(endpointRecordBytes)
  bytes[0] = family
  bytes[8] = first
  bytes[9] = 0x80
  bytes[24] = source
  bytes.writeUInt32LE(3, 28)
  return bytes
}

test('a source is stale when its route leaves elsewhere or is gone', () => {
  const { kernel, watch } = world()
  expect(watch.isStale(record(4), 0)).toBe(false)
  expect(watch.isStale(record(6), 0)).toBe(false)
  kernel.oif = 4
  expect(watch.isStale(record(4), 0)).toBe(true)
  kernel.oif = undefined
  expect(watch.isStale(record(4), 0)).toBe(true)
})

test('a source that nobody has is stale, although ip_nonlocal_bind routes from it', () => {
  const { kernel, watch } = world()
  kernel.local = false
  expect(watch.isStale(record(4), 0)).toBe(true)
  expect(watch.isStale(record(6), 0)).toBe(true)
})

test('nothing learned and link-local addresses are never stale, another family always', () => {
  const { kernel, watch } = world()
  kernel.oif = 4
  expect(watch.isStale(record(4, 0), 0)).toBe(false)
  expect(watch.isStale(record(6, 6, 0xfe), 0)).toBe(false)
  expect(watch.isStale(record(4, 6), 0)).toBe(true)
})

test('the first change is answered at once', () => {
  let checks = 0
  const { change } = world(async () => {
    checks++
  })
  change()
  expect(checks).toBe(1)
})

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('a change that is noticed when a source is chosen is answered too, after that', async () => {
  let checks = 0
  const { kernel, watch } = world(async () => {
    checks++
  })
  watch.withFitSource(record(4, 0), 0)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(checks).toBe(0)
  kernel.news++
  watch.withFitSource(record(4, 0), 0)
  expect(checks).toBe(0)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(checks).toBe(1)
  watch.close()
})

test('changes in a burst are checked once, changes during a check once more, and a slow check is followed by rest', async () => {
  let checks = 0
  const slow = () => {
    checks++
    return new Promise<void>((resolve) => setTimeout(resolve, 100))
  }
  const { change } = world(slow)
  for (let i = 0; i < 10; i++) change()
  await vi.advanceTimersByTimeAsync(20)
  expect(checks).toBe(1)
  await vi.advanceTimersByTimeAsync(50)
  for (let i = 0; i < 10; i++) change()
  await vi.advanceTimersByTimeAsync(1_900)
  expect(checks).toBe(1)
  await vi.advanceTimersByTimeAsync(200)
  expect(checks).toBe(2)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(checks).toBe(2)
})
