// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { filePair, surroundings } from './arbitraries.ts'
import { lasting, longestMs, ofFile, options, Stage } from './stage.ts'

const stage = new Stage()
afterAll(() => stage.clear())

test.each<'reload' | 'up' | 'down'>(['reload', 'up', 'down'])(
  'a reload that is killed at any change is made good by the next %s',
  async (next) => {
    await fc.assert(
      fc.asyncProperty(filePair, surroundings, fc.nat(20), async ([a, b], around, changes) => {
        const { machine, tunnel, later } = stage.set(around.prepare)
        const fresh = stage.set(around.prepare)
        const before = machine.snapshot()
        fc.pre((await tunnel.up(a.text, options(a))) === 0)
        fc.pre((await fresh.tunnel.up(b.text, lasting(a, b))) === 0)
        const cut = await machine.cutOff(changes, () => tunnel.reload(b.text, ofFile(b)))
        const then = cut ? later() : tunnel
        expect(await then[next](b.text, ofFile(b)), machine.printed).toBe(0)
        const wanted = next === 'down' ? before : fresh.machine.snapshot()
        expect(machine.snapshot(), machine.printed).toEqual(wanted)
        if (next !== 'down') expect(await then.differences(b.text, ofFile(b))).toEqual([])
      }),
      stage.settings,
    )
  },
  longestMs,
)
