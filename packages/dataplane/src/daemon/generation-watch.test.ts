// SPDX-License-Identifier: MIT
import type { NativeNetlinkSocket } from '@wgq/native/raw-socket'
import { expect, test } from 'vitest'
import { GenerationWatch } from './generation-watch.ts'

const watched = () => {
  const clock = { wall: 1e12, boot: 5000, monotonic: 5000 }
  const told: string[] = []
  const events: Buffer[] = []
  let wake = () => {}
  const socket = {
    receive: () => events.shift(),
    watch: (listener: () => void) => {
      wake = listener
    },
    close: () => {},
  } as unknown as NativeNetlinkSocket
  const watch = new GenerationWatch({
    openSocket: () => socket,
    wallMs: () => clock.wall,
    bootMs: () => clock.boot,
    monotonicMs: () => clock.monotonic,
    onCopied: (why) => told.push(why),
  })
  const pass = (ms: number) => {
    clock.wall += ms
    clock.boot += ms
    clock.monotonic += ms
    watch.compare()
  }
  const hear = (text: string) => {
    events.push(Buffer.from(text))
    wake()
  }
  return { clock, told, watch, pass, hear }
}

test('clocks that go on together are not news, also when the wall clock is corrected', () => {
  const { clock, told, watch, pass } = watched()
  for (let i = 0; i < 100; i++) {
    clock.wall += 500
    pass(10_000)
  }
  expect(told).toEqual([])
  watch.close()
})

test('a sleep, a clock that jumps and a generation that changes are reported once each', () => {
  const { clock, told, watch, pass, hear } = watched()
  clock.boot += 60_000
  clock.wall += 60_000
  pass(10_000)
  clock.wall += 3_600_000
  pass(10_000)
  clock.wall -= 3_600_000
  pass(10_000)
  hear('add@/devices/x\0ACTION=add\0SEQNUM=1\0')
  hear('change@/devices/platform/vmgenid\0ACTION=change\0NEW_VMGENID=1\0SEQNUM=2\0')
  pass(10_000)
  expect(told).toEqual([
    'The machine slept',
    'The clock jumped',
    'The clock jumped',
    'The virtual machine was resumed from a snapshot',
  ])
  watch.close()
})
