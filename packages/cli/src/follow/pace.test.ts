// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { Pace } from './pace.ts'

/** A check during which nothing changes. */
const look = (pace: Pace, now: number, found: boolean): void => {
  pace.begins()
  pace.looked(now, found)
}

describe('when a tunnel is looked at', () => {
  test('every half an hour without changes, soon after one, once for a burst', () => {
    const pace = new Pace(0)
    expect(pace.waitMs(0)).toBe(1_800_000)
    pace.changed(10_000)
    pace.changed(10_100)
    expect(pace.waitMs(10_100)).toBe(200)
    expect(pace.waitMs(10_300)).toBe(0)
    look(pace, 10_400, false)
    expect(pace.waitMs(10_400)).toBe(1_800_000)
  })

  test('changes that never concern the tunnel cost less and less', () => {
    const pace = new Pace(0)
    let looks = 0
    for (let now = 0; now < 3_600_000; now += 100) {
      pace.changed(now)
      if (pace.waitMs(now) > 0) continue
      looks += 1
      look(pace, now, false)
    }
    expect(looks).toBeGreaterThanOrEqual(60)
    expect(looks).toBeLessThan(70)
  })

  test('noise of others does not hold up what is about the tunnel', () => {
    const pace = new Pace(0)
    for (let count = 0; count < 10; count++) look(pace, 0, false)
    pace.changed(1000)
    pace.changed(1000, true)
    expect(pace.waitMs(1000)).toBe(1000)
    // A program that undoes each repair does delay it.
    for (let count = 0; count < 10; count++) look(pace, 0, true)
    pace.changed(1000, true)
    expect(pace.waitMs(1000)).toBe(59_000)
  })

  test('a repair is looked at again, and the next change soon', () => {
    const pace = new Pace(0)
    for (let count = 0; count < 10; count++) look(pace, 0, false)
    pace.changed(1000)
    expect(pace.waitMs(1000)).toBe(59_000)
    look(pace, 60_000, true)
    expect(pace.waitMs(60_000)).toBe(1000)
    look(pace, 61_000, false)
    pace.changed(70_000)
    expect(pace.waitMs(70_000)).toBe(300)
  })

  test('a repair that somebody undoes again and again is made less and less often', () => {
    const pace = new Pace(0)
    const looks: number[] = []
    for (let now = 0; now < 600_000; now += 100) {
      pace.changed(now)
      if (pace.waitMs(now) > 0) continue
      looks.push(now)
      look(pace, now, true)
    }
    expect(looks.slice(0, 5).at(-1)).toBeLessThan(6000)
    expect(looks.length).toBeLessThan(20)
  })

  test('what changes during a look is looked at again', () => {
    const pace = new Pace(0)
    pace.begins()
    pace.changed(1000, true)
    pace.looked(5000, false)
    expect(pace.waitMs(5000)).toBe(2000)
    pace.begins()
    pace.looked(8000, false)
    expect(pace.waitMs(8000)).toBe(1_800_000)
  })

  test('after a sleep nothing of before counts', () => {
    const pace = new Pace(0)
    for (let count = 0; count < 10; count++) look(pace, 0, false)
    pace.restart(5000)
    expect(pace.waitMs(5000)).toBe(300)
  })
})
