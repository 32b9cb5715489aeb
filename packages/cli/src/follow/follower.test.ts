// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
import { describe, expect, test } from 'vitest'
import { Follower, type FollowerDependencies } from './follower.ts'

const device: Device = { name: 'wg0', listenPort: 1, fwmark: 0, peers: [] }

/** A machine with a clock advanced only by `pass`; records what the follower did. */
const machine = (followFile = false) => {
  const log: string[] = []
  const state = {
    nowMs: 0,
    wallMs: 1_000_000,
    differences: [] as string[] | undefined,
    stamp: 'a',
    repairs: 0,
    status: 0,
    looks: 0,
    fwmark: 0,
    there: true,
    reads: 0,
    lines: [] as string[],
    againSeconds: undefined as number | undefined,
  }
  const dependencies: FollowerDependencies = {
    now: () => state.nowMs,
    wall: () => state.wallMs,
    compare: async () => {
      state.looks += 1
      return state.differences
    },
    repair: async () => {
      state.repairs += 1
      if (state.status === 0) state.differences = []
      return state.status
    },
    fileStamp: () => state.stamp,
    followFile,
    device: async () => {
      state.reads += 1
      return state.there ? { ...device, fwmark: state.fwmark } : undefined
    },
    moveEndpoints: async () => ({ lines: state.lines.splice(0), againSeconds: state.againSeconds }),
    say: (line) => log.push(line),
  }
  const follower = new Follower(dependencies)
  /**
   * Advances the clock as `wgq run` would: sleeps until the follower is due. Resolves to false once the device is gone.
   */
  const pass = async (seconds: number): Promise<boolean> => {
    const end = state.nowMs + seconds * 1000
    for (;;) {
      const wait = follower.waitMs()
      if (state.nowMs + wait > end) break
      state.nowMs += wait
      state.wallMs += wait
      if (!(await follower.act())) return false
    }
    state.wallMs += end - state.nowMs
    state.nowMs = end
    return true
  }
  return { state, log, follower, pass }
}

describe('a tunnel that is followed', () => {
  test('is left alone while nothing changes, and looked at every half an hour', async () => {
    const { state, log, pass } = machine()
    await pass(3600)
    expect(state.looks).toBe(2)
    expect([state.repairs, log]).toEqual([0, []])
  })

  test('whose device is set otherwise is put right by the look once a minute, or at once where that is reported', async () => {
    const { state, log, follower, pass } = machine()
    state.againSeconds = 60
    await pass(100)
    state.fwmark = 0x99
    state.differences = ['interface fwmark is 0x99']
    await pass(65)
    expect(log.splice(0)).toEqual(['interface fwmark is 0x99: put right'])

    state.againSeconds = undefined
    await pass(100)
    state.fwmark = 0x98
    state.differences = ['interface fwmark is 0x98']
    follower.reported()
    await pass(1)
    expect(log).toEqual(['interface fwmark is 0x98: put right'])
  })

  test('is not read while its data plane reports nothing, and once a second at most while it reports much', async () => {
    const { state, follower, pass } = machine()
    await pass(1)
    const reads = state.reads
    await pass(600)
    expect(state.reads).toBe(reads)
    for (let i = 0; i < 50; i++) {
      follower.reported()
      await pass(0.1)
    }
    expect(state.reads - reads).toBeGreaterThan(4)
    expect(state.reads - reads).toBeLessThan(7)
  })

  test('is put right within a second of a change, with one line', async () => {
    const { state, log, follower, pass } = machine()
    await pass(10)
    state.differences = ['rule 51820 is missing', 'route ::/0 is missing', 'a', 'b']
    follower.changed()
    await pass(1)
    expect(log).toEqual(['rule 51820 is missing, route ::/0 is missing, a and 1 more: put right'])
    expect(state.repairs).toBe(1)
  })

  test('is tried again where it could not be put right, which is said once', async () => {
    const { state, log, follower, pass } = machine()
    state.differences = ['dns is missing']
    state.status = 2
    follower.changed()
    await pass(600)
    expect(state.repairs).toBeGreaterThan(5)
    expect(log.filter((line) => line.includes('could not'))).toHaveLength(1)
    state.status = 0
    await pass(120)
    expect(state.differences).toEqual([])
  })

  test('waits for reload when its file has changed; with --follow-file it is applied', async () => {
    const waiting = machine()
    waiting.state.stamp = 'b'
    waiting.state.differences = ['peer x is missing']
    waiting.follower.changed()
    await waiting.pass(300)
    expect(waiting.state.repairs).toBe(0)
    expect(waiting.log).toEqual([
      'its file has changed: `wgq reload` applies it; until then nothing is put right',
    ])
    // After a reload by the user, the follower keeps the new state.
    waiting.state.differences = []
    await waiting.pass(120)
    waiting.state.differences = ['rule 51820 is missing']
    waiting.follower.changed()
    await waiting.pass(61)
    expect(waiting.state.repairs).toBe(1)

    const applying = machine(true)
    applying.state.stamp = 'b'
    applying.state.differences = ['peer x is missing']
    applying.follower.changed()
    await applying.pass(2)
    expect(applying.state.repairs).toBe(1)
  })

  test('is looked at after the machine slept', async () => {
    const { state, pass } = machine()
    await pass(1)
    const before = state.looks
    state.wallMs += 3_600_000
    await pass(60)
    expect(state.looks).toBeGreaterThan(before)
  })

  test('is looked at once after the clock was set back, and not held up by it', async () => {
    const { state, log, follower, pass } = machine()
    await pass(1)
    state.wallMs -= 3_600_000
    await pass(60)
    expect(state.looks).toBe(1)
    state.differences = ['rule 51820 is missing']
    follower.changed()
    await pass(3)
    expect(log).toEqual(['rule 51820 is missing: put right'])
  })

  test('that is gone is reported', async () => {
    const { state, follower, pass } = machine()
    await pass(5)
    state.there = false
    follower.changed()
    expect(await pass(2)).toBe(false)
  })

  test('has its peers looked at when one is reported silent, without a comparison', async () => {
    const { state, log, follower, pass } = machine()
    await pass(100)
    state.lines = ['K does not answer: endpoint 192.0.2.2:1']
    follower.reported()
    await pass(0.1)
    expect(log).toEqual(['K does not answer: endpoint 192.0.2.2:1'])
    expect(state.looks).toBe(0)
  })

  test('has its peers looked at as soon as one is missed', async () => {
    const { state, log, pass } = machine()
    state.againSeconds = 2
    await pass(1)
    state.lines = ['K does not answer: endpoint 192.0.2.2:1']
    await pass(3)
    expect(log).toEqual(['K does not answer: endpoint 192.0.2.2:1'])
  })
})
