// SPDX-License-Identifier: MIT
// A long-lived tunnel: sequences of random events, and after each pause the state of a fresh `up`. `WGQ_EVENTS=100000`
// runs 100,000 events; `WGQ_SEED` chooses others, `WGQ_PATH` that of a failure.
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { disturbance, surroundings, tunnelFile } from './arbitraries.ts'
import { ofFile, options, Stage } from './stage.ts'

const stage = new Stage()
afterAll(() => stage.clear())

const { WGQ_EVENTS, WGQ_SEED = '1', WGQ_PATH } = process.env
/** Events in a run, a little fewer than the average of 17.9. */
const meanEvents = 17
const settings = {
  numRuns: Math.ceil(Number(WGQ_EVENTS ?? 1000) / meanEvents),
  seed: Number(WGQ_SEED),
  ...(WGQ_PATH === undefined ? {} : { path: WGQ_PATH }),
  ...(WGQ_EVENTS === undefined ? { interruptAfterTimeLimit: 15_000 } : {}),
}

/** A mark that another program set may stay, so that the state differs from that of a fresh `up`. */
const event = disturbance.filter(({ name }) => name !== 'mark changed')

/** Events, then a pause; the file may have changed by then. */
const round = fc
  .record({
    events: fc.array(event, { minLength: 1, maxLength: 9 }),
    file: fc.option(tunnelFile, { freq: 3 }),
  })
  // Without a journal half a pair of rules has no owner: a journal is lost only on its own.
  .map(({ events, file }) => {
    const isLost = events.some(({ name }) => name === 'journal lost')
    return { events: isLost ? events.filter(({ name }) => /^(?:journal|nothing)/.test(name)) : events, file }
  })

test(
  'at each rest a tunnel is what a fresh up makes of its file',
  async () => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(
        tunnelFile,
        surroundings,
        fc.array(round, { minLength: 2, maxLength: 8 }),
        async (first, around, rounds) => {
          const { machine, tunnel, neighbour, forget, clear } = stage.set(around.prepare)
          const lasting: ((typeof event extends fc.Arbitrary<infer E> ? E : never)['lasts'] & {})[] = []
          try {
            if (around.neighbour !== undefined) fc.pre((await neighbour.up(around.neighbour)) === 0)
            fc.pre((await tunnel.up(first.text, options(first))) === 0)
            let file = first
            // An option of `up` lasts as long as its note.
            let byOption = first.killSwitch === 'option'
            for (const { events, file: next } of rounds) {
              const isLost = events.some(({ name }) => name === 'journal lost')
              for (const one of events) {
                one.disturb(machine, forget)
                if (one.lasts) lasting.push(one.lasts)
                count += 1
              }
              if (isLost) byOption = false
              // Only the journal distinguishes what another file set from what another program set.
              const wanted = isLost ? file : (next ?? file)
              const fresh = stage.set(around.prepare)
              try {
                for (const lasts of lasting) lasts(fresh.machine)
                if (around.neighbour !== undefined) expect(await fresh.neighbour.up(around.neighbour)).toBe(0)
                const asked = {
                  killSwitch: byOption || wanted.killSwitch === 'file',
                  killSwitchOption: byOption,
                }
                if ((await fresh.tunnel.up(wanted.text, asked)) !== 0) {
                  // A file that cannot be brought up here changes nothing; repair the old one.
                  expect(await tunnel.reload(file.text, ofFile(file)), machine.printed).toBe(0)
                  continue
                }
                if (around.neighbour !== undefined)
                  expect(await neighbour.reload(around.neighbour), machine.printed).toBe(0)
                machine.printed = ''
                expect(await tunnel.reload(wanted.text, ofFile(wanted)), machine.printed).toBe(0)
                file = wanted
                expect(machine.snapshot(), machine.printed).toEqual(fresh.machine.snapshot())
                expect(await tunnel.differences(file.text, ofFile(file))).toEqual([])
              } finally {
                fresh.clear()
              }
            }
            expect(await tunnel.down(file.text, ofFile(file)), machine.printed).toBe(0)
          } finally {
            clear()
          }
        },
      ),
      settings,
    )
    if (WGQ_EVENTS !== undefined) console.log(`${count} events`)
    expect(count).toBeGreaterThan(0)
  },
  WGQ_EVENTS === undefined ? 120_000 : 7_200_000,
)
