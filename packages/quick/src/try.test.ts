// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { confirmTry, forgetTry, guardTry, noteTry } from './try.ts'

describe('the guard of a trial', () => {
  const trial = { token: 'x', config: '/etc/wireguard/wg0.conf' }
  let place: { runDirectory: string; name: string }
  beforeEach(() => {
    place = { runDirectory: mkdtempSync(join(tmpdir(), 'wgq-try-')), name: 'wg0' }
    noteTry(place, trial)
  })
  afterEach(() => rmSync(place.runDirectory, { recursive: true }))

  test.each([
    ['is confirmed', () => confirmTry(place)],
    ['is forgotten, as `down` and `up` do', () => forgetTry(place)],
    ['is followed by another one', () => noteTry(place, { ...trial, token: 'y' })],
  ])('ends long before the deadline when the trial %s', async (_, end) => {
    const guard = guardTry(place, 'x', 100_000_000)
    // Other tunnels' files come and go in the same folder.
    noteTry({ ...place, name: 'wg1' }, trial)
    end()
    expect(await guard).toBeUndefined()
  })

  test('ends at once when the trial was over before it began to wait', async () => {
    forgetTry(place)
    expect(await guardTry(place, 'x', 100_000_000)).toBeUndefined()
  })

  test('names the configuration at the deadline', async () => {
    expect(await guardTry(place, 'x', 0.01)).toBe(trial.config)
  })

  test('without a folder to watch it lasts until the deadline', async () => {
    expect(await guardTry({ ...place, runDirectory: '/nowhere' }, 'x', 0.01)).toBeUndefined()
  })

  test('a note that cannot be read for now does not end the trial', async () => {
    const guard = guardTry(place, 'x', 0.3)
    writeFileSync(join(place.runDirectory, 'wg0.try'), '')
    noteTry(place, trial)
    expect(await guard).toBe(trial.config)
  })
})
