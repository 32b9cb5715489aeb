// SPDX-License-Identifier: MIT
import type { NetworkInterfaceInfo } from 'node:os'
import { amd64 } from '@wgq/native/bsd/machine'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { BsdSourceWatch } from './bsd-source-watch.ts'

const machine = amd64('freebsd')

/** An endpoint record: a peer at 192.0.2.1 whose packet arrived at `source`. */
const record = (source: string | undefined): Uint8Array => {
  const bytes = Buffer.alloc(48)
  bytes[0] = 4
  bytes.set([192, 0, 2, 1], 8)
  if (source === undefined) return bytes
  bytes[24] = 4
  bytes.set(source.split('.').map(Number), 32)
  return bytes
}

const interfaces = (all: Record<string, string[]>) => () =>
  Object.fromEntries(
    Object.entries(all).map(([name, addresses]) => [
      name,
      addresses.map((address) => ({ address }) as NetworkInterfaceInfo),
    ]),
  )

const rigOf = (all: Record<string, string[]>, chosen: string | undefined) => {
  const messages: Uint8Array[] = []
  let listener: (() => void) | undefined
  const asked: number[] = []
  let checks = 0
  const watch = new BsdSourceWatch(
    {
      openSocket: () => ({
        send: () => {},
        receive: () => messages.shift(),
        watch: (told) => {
          listener = told
        },
        close: () => {},
      }),
      chooseSource: (_, mark) => {
        asked.push(mark)
        return chosen === undefined ? undefined : Uint8Array.from(chosen.split('.').map(Number))
      },
      interfaces: interfaces(all),
      machine,
    },
    async () => {
      checks++
    },
  )
  const say = (type: string) => {
    const message = new Uint8Array(16)
    message[machine.fact('rt_msghdr.rtm_type')] = machine.fact(type)
    messages.push(message)
    listener?.()
  }
  return { watch, say, asked, checks: () => checks }
}

describe('a learned source', () => {
  test.each([
    ['that the kernel would take too', { em0: ['10.0.0.1'] }, '10.0.0.1', false],
    ['of the interface that the kernel would take', { em0: ['10.0.0.1', '10.0.0.9'] }, '10.0.0.9', false],
    ['of another interface', { em0: ['10.0.0.1'], em1: ['10.1.0.1'] }, '10.1.0.1', true],
    ['that is gone', { em1: ['10.1.0.1'] }, '10.1.0.1', true],
    ['where there is no route', { em0: ['10.0.0.1'] }, undefined, true],
  ] as const)('%s', (_, all, chosen, stale) => {
    const { watch, asked } = rigOf(all as unknown as Record<string, string[]>, chosen)
    expect(watch.isStale(record('10.0.0.1'), 3)).toBe(stale)
    expect(asked).toEqual([3])
  })

  test('none is none to forget', () => {
    const { watch } = rigOf({}, undefined)
    expect(watch.isStale(record(undefined), 0)).toBe(false)
  })
})

describe('news', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('of routes and addresses are answered together; those of links are not', async () => {
    const { say, checks, watch } = rigOf({}, undefined)
    say('RTM_IFINFO')
    await vi.advanceTimersByTimeAsync(100)
    expect(checks()).toBe(0)
    say('RTM_ADD')
    say('RTM_DELADDR')
    await vi.advanceTimersByTimeAsync(100)
    expect(checks()).toBe(1)
    watch.close()
    say('RTM_ADD')
    await vi.advanceTimersByTimeAsync(100)
    expect(checks()).toBe(1)
  })
})
