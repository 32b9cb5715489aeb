// SPDX-License-Identifier: MIT
import { amd64, machineOf } from '@wgq/native/bsd/machine'
import { tunLayoutOf } from '@wgq/native/bsd/tun-layout'
import { describe, expect, test } from 'vitest'
import type { LinkState } from '../link-watch.ts'
import { BsdLinkWatch, readLinkState } from './bsd-link-watch.ts'

/** A routing socket that sends messages on demand, for a link with the state `state`. */
const rigOf = () => {
  let news = 0
  let listener: (() => void) | undefined
  const seen: (LinkState | 'deleted')[] = []
  const rig = {
    state: { up: false, mtu: 1420 } as LinkState | undefined,
    overflow: false,
    closed: false,
    seen,
    say: (messages = 1) => {
      news += messages
      listener?.()
    },
  }
  const watch = new BsdLinkWatch({
    openSocket: () => ({
      send: () => {},
      receive: () => {
        if (rig.overflow) {
          rig.overflow = false
          throw Object.assign(new Error('ENOBUFS'), { code: 'ENOBUFS' })
        }
        if (news === 0) return undefined
        news--
        return new Uint8Array(8)
      },
      watch: (told) => {
        listener = told
      },
      close: () => {
        rig.closed = true
      },
    }),
    readState: () => rig.state,
    onState: (state) => seen.push(state),
    onDeleted: () => seen.push('deleted'),
  })
  watch.start()
  return { rig, watch }
}

describe('a tun(4) that is followed', () => {
  test('its state is reported at the start and once per change', () => {
    const { rig } = rigOf()
    expect(rig.seen).toEqual([{ up: false, mtu: 1420 }])
    rig.say(3)
    rig.state = { up: true, mtu: 1420 }
    rig.say()
    rig.say()
    rig.state = { up: true, mtu: 1280 }
    rig.say()
    expect(rig.seen.slice(1)).toEqual([
      { up: true, mtu: 1420 },
      { up: true, mtu: 1280 },
    ])
  })

  test('its end is reported once, and nothing after it', () => {
    const { rig } = rigOf()
    rig.state = undefined
    rig.say()
    expect(rig.seen.at(-1)).toBe('deleted')
    expect(rig.closed).toBe(true)
    rig.say()
    expect(rig.seen).toHaveLength(2)
  })

  test('lost news are news', () => {
    const { rig } = rigOf()
    rig.state = { up: true, mtu: 9000 }
    rig.overflow = true
    rig.say(0)
    expect(rig.seen.at(-1)).toEqual({ up: true, mtu: 9000 })
  })
})

test.each([
  ['freebsd', 'x64', 'LE'],
  ['openbsd', 'sparc64', 'BE'],
  ['netbsd', 'ppc', 'BE'],
] as const)('flags and MTU of an ifreq on %s, %s', (platform, processor, order) => {
  const machine = machineOf(platform, processor, order)
  if (!machine) throw new Error('not in the table')
  const layout = tunLayoutOf(platform, machine)
  const answer = (request: number, buffer: Buffer) => {
    expect(buffer.length).toBe(layout.ifreqBytes)
    expect(buffer.toString('latin1', 0, 5)).toBe('tun7\0')
    const view = new DataView(buffer.buffer, buffer.byteOffset)
    if (request === layout.getFlags) view.setInt16(16, 0x51, machine.littleEndian)
    if (request === layout.getMtu) view.setInt32(16, 1400, machine.littleEndian)
  }
  expect(readLinkState('tun7', layout, answer)).toEqual({ up: true, mtu: 1400 })
})

test('an interface that is gone has no state; any other failure is reported', () => {
  const layout = tunLayoutOf('openbsd', amd64('openbsd'))
  const failing = (code: string) => () => {
    throw Object.assign(new Error(code), { code })
  }
  expect(readLinkState('tun7', layout, failing('ENXIO'))).toBeUndefined()
  expect(() => readLinkState('tun7', layout, failing('EMFILE'))).toThrow('EMFILE')
})
