// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { surroundings, tunnelFile } from './arbitraries.ts'
import { longestMs, ofFile, options, Stage } from './stage.ts'

const stage = new Stage()
afterAll(() => stage.clear())

test(
  'down leaves the machine as it was before up',
  async () => {
    await fc.assert(
      fc.asyncProperty(tunnelFile, surroundings, async (file, around) => {
        const { machine, tunnel } = stage.set(around.prepare)
        const before = machine.snapshot()
        if ((await tunnel.up(file.text, options(file))) !== 0) {
          expect(machine.snapshot(), machine.printed).toEqual(before)
          return
        }
        expect(await tunnel.down(file.text, ofFile(file)), machine.printed).toBe(0)
        expect(machine.snapshot(), machine.printed).toEqual(before)
      }),
      stage.settings,
    )
  },
  longestMs,
)

test.each<'up' | 'down'>(['up', 'down'])(
  'an up that is killed at any change is made good by the next %s',
  async (next) => {
    await fc.assert(
      fc.asyncProperty(tunnelFile, surroundings, fc.nat(25), async (file, around, changes) => {
        const { machine, tunnel, later } = stage.set(around.prepare)
        const before = machine.snapshot()
        const fresh = stage.set(around.prepare)
        fc.pre((await fresh.tunnel.up(file.text, options(file))) === 0)
        const cut = await machine.cutOff(changes, () => tunnel.up(file.text, options(file)))
        const then = cut ? later() : tunnel
        machine.printed = ''
        // If the run had not started there is nothing to take down.
        const nothing = 'E_NOT_WIREGUARD'
        const status = await then[next](file.text, options(file)).catch((error) => error.code)
        expect(next === 'up' ? [0] : [0, nothing], machine.printed).toContain(status)
        expect(machine.snapshot(), machine.printed).toEqual(next === 'up' ? fresh.machine.snapshot() : before)
      }),
      stage.settings,
    )
  },
  longestMs,
)

test(
  'a down that is killed at any change is made good by the next one',
  async () => {
    await fc.assert(
      fc.asyncProperty(tunnelFile, surroundings, fc.nat(12), async (file, around, changes) => {
        const { machine, tunnel, later } = stage.set(around.prepare)
        const before = machine.snapshot()
        fc.pre((await tunnel.up(file.text, options(file))) === 0)
        const cut = await machine.cutOff(changes, () => tunnel.down(file.text, ofFile(file)))
        machine.printed = ''
        if (cut) expect(await later().down(file.text, ofFile(file)), machine.printed).toBe(0)
        expect(machine.snapshot(), machine.printed).toEqual(before)
      }),
      stage.settings,
    )
  },
  longestMs,
)
