// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { disturbance, filePair, surroundings } from './arbitraries.ts'
import type { Machine } from './machine.ts'
import { lasting, longestMs, ofFile, options, Stage } from './stage.ts'

const stage = new Stage()
afterAll(() => stage.clear())

const outside = { 4: '198.51.100.1', 6: '2001:db8:99::1' } as const

/** Families whose packets leave outside a tunnel that should take them. */
const leaks = (machine: Machine, families: readonly (4 | 6)[]): string[] =>
  families.flatMap((family) => {
    const fate = machine.fate({ to: outside[family] })
    return fate !== 'dropped' && fate.dev === 'up0' ? [`IPv${family}`] : []
  })

/** Says whether encrypted packets of the tunnel fail to reach the uplink. */
const isCutOff = (machine: Machine): boolean => {
  const mark = machine.devices.get('wg0')?.fwmark ?? 0
  const fate = machine.fate({ to: '192.0.2.9', mark, udp: true })
  return fate === 'dropped' || fate.dev !== 'up0'
}

describe('wgq reload on a machine in memory', () => {
  test(
    'brings every tunnel to what a fresh up makes, once, and down takes all of it away',
    async () => {
      await fc.assert(
        fc.asyncProperty(filePair, surroundings, disturbance, async ([a, other], around, change) => {
          // Only the journal distinguishes what another file set from what another program set.
          const b = change.name === 'journal lost' ? a : other
          const { machine, tunnel, neighbour, forget, clear } = stage.set(around.prepare)
          const fresh = stage.set(around.prepare)
          try {
            change.lasts?.(fresh.machine)
            if (around.neighbour !== undefined) {
              expect(await neighbour.up(around.neighbour), machine.printed).toBe(0)
              expect(await fresh.neighbour.up(around.neighbour)).toBe(0)
            }
            const before = fresh.machine.snapshot()
            fc.pre((await tunnel.up(a.text, options(a))) === 0)
            const wanted = change.name === 'journal lost' ? ofFile(a) : lasting(a, b)
            const canUp = (await fresh.tunnel.up(b.text, wanted)) === 0
            change.disturb(machine, forget)
            if (around.neighbour !== undefined)
              expect(await neighbour.reload(around.neighbour), machine.printed).toBe(0)
            const disturbed = machine.snapshot()
            machine.printed = ''
            // Addresses left out for lack of IPv6 were never the tunnel's.
            const taken = a.full.filter((family) => family === 4 || !machine.network.isIpv6Off('wg0'))
            const watched = change.harmless ? taken.filter((family) => b.full.includes(family)) : []
            const seen: string[] = []
            machine.after = (what) => {
              const out = leaks(machine, watched)
              if (out.length > 0) seen.push(`${out.join()} after ${what}`)
              if (watched.includes(4) && isCutOff(machine)) seen.push(`no encrypted packet after ${what}`)
            }
            const status = await tunnel.reload(b.text, ofFile(b))
            machine.after = () => {}
            expect(seen, machine.printed).toEqual([])
            if (canUp) {
              expect(status, machine.printed).toBe(0)
              // A mark that the file leaves open may stay as another program set it, if everything agrees on it.
              if (change.name !== 'mark changed')
                expect(machine.snapshot(), machine.printed).toEqual(fresh.machine.snapshot())
              expect(await tunnel.differences(b.text, ofFile(b))).toEqual([])
              if (around.neighbour !== undefined)
                expect(await neighbour.differences(around.neighbour)).toEqual([])
              machine.printed = ''
              machine.changes = 0
              expect(await tunnel.reload(b.text, ofFile(b)), machine.printed).toBe(0)
              expect(machine.changes, machine.printed).toBe(0)
            } else {
              // A file that cannot be brought up here (because a route exists already) changes nothing.
              expect(status, machine.printed).not.toBe(0)
              if (change.harmless) expect(machine.snapshot(), machine.printed).toEqual(disturbed)
            }
            expect(await tunnel.down(b.text, ofFile(b)), machine.printed).toBe(0)
            expect(machine.snapshot(), machine.printed).toEqual(before)
          } finally {
            clear()
            fresh.clear()
          }
        }),
        stage.settings,
      )
    },
    longestMs,
  )

  test(
    'that is refused a step leaves everything as it was',
    async () => {
      await fc.assert(
        fc.asyncProperty(filePair, surroundings, fc.nat(20), async ([a, b], around, step) => {
          const { machine, tunnel, clear } = stage.set(around.prepare)
          try {
            fc.pre((await tunnel.up(a.text, options(a))) === 0)
            const before = machine.snapshot()
            machine.changes = 0
            machine.refused = step + 1
            machine.printed = ''
            const status = await tunnel.reload(b.text, ofFile(b))
            const wasRefused = machine.changes >= machine.refused
            machine.refused = 0
            if (wasRefused && status !== 0) expect(machine.snapshot(), machine.printed).toEqual(before)
            // Steps that only protect may be left out, which is reported.
            else if (wasRefused) expect(machine.printed).toContain('[!] Going on without')
            else fc.pre(status === 0)
            const now = status === 0 ? b : a
            expect(await tunnel.differences(now.text, ofFile(now)), machine.printed).toEqual([])
          } finally {
            clear()
          }
        }),
        stage.settings,
      )
    },
    longestMs,
  )
})
