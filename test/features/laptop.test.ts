// SPDX-License-Identifier: MIT
// A day in a laptop's life. How long the tunnel takes after each step is measured by `scripts/bench laptop`.
import { afterAll, describe, expect, test } from 'vitest'
import { whyNoTunnel } from '../support/implementation.ts'
import { Laptop } from '../support/laptop.ts'
import { followedByWgq } from '../support/laptop-keepers.ts'

const why = whyNoTunnel('nft', 'tcpdump')
if (why) console.warn(`features/laptop: skipped: ${why}`)

describe.skipIf(why)('a laptop', () => {
  let laptop: Laptop | undefined
  let log = ''
  const keeper = followedByWgq((text) => {
    log += text
  })
  afterAll(async () => {
    if (laptop) await keeper.stop(laptop)
    laptop?.remove()
  })

  test('its tunnel works again after each step of a day, and none of its packets is outside', async () => {
    laptop = await Laptop.open('DNS = 10.9.0.1\n# KillSwitch = on\n')
    const failed: string[] = []
    const { steps, outside } = await laptop
      .day(keeper, 60, async () => {
        failed.push(log)
      })
      .catch((error) => {
        throw new Error(`${error.message}\n${log.slice(-4000)}`)
      })
    if (process.env['WGQ_LONG']) console.log(`${log}${JSON.stringify(steps, undefined, 1)}`)
    expect(
      steps.filter(({ recoverySeconds }) => recoverySeconds === undefined),
      failed[0] ?? '',
    ).toEqual([])
    expect(steps).toHaveLength(12)
    expect(outside).toEqual([])
    expect(laptop.captured).toBeGreaterThan(100)
  }, 900_000)
})
