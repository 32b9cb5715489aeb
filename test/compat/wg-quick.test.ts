// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { whyNoNetns } from '../support/netns.ts'
import { playCase, type QuickCase } from '../support/quick-case.ts'
import {
  linkLocal,
  normalAfter,
  normalConfig,
  normalState,
  normalStderr,
  normalStdout,
} from '../support/quick-normal.ts'

const fixtures = join(import.meta.dirname, '../fixtures/wg-quick-master')
const binDirectory = join(import.meta.dirname, '../../dist/bin')
const cases = readdirSync(fixtures).map(
  (file) => JSON.parse(readFileSync(join(fixtures, file), 'utf8')) as QuickCase,
)
const only = process.env['WGQ_CASE']
const reason = whyNoNetns()
if (reason) console.log(`wg-quick cases skipped: ${reason}`)

describe.skipIf(reason)('wg-quick does what upstream did', () => {
  test.each(cases.filter(({ name }) => !only || name.startsWith(only)))('$name', (quickCase) => {
    const played = playCase(quickCase, binDirectory)
    const seen: Record<string, unknown> = {
      up: { ...played.up, stdout: normalStdout(played.up.stdout), stderr: normalStderr(played.up.stderr) },
      state: normalState(played.state),
      after: normalAfter(played.file('after/text')),
    }
    const { up, down } = quickCase
    const wanted: Record<string, unknown> = {
      up: up && { ...up, stdout: normalStdout(up.stdout), stderr: normalStderr(up.stderr) },
      state: normalState(quickCase.state),
      after: normalAfter(quickCase.after_down),
    }
    if (down) {
      seen['down'] = { ...played.down, stderr: normalStderr(played.down.stderr) }
      wanted['down'] = { ...down, stderr: normalStderr(down.stderr) }
    }
    const logs = [
      ['resolvconf', 'resolvconf.log', linkLocal],
      ['nft_batches', 'nft.log', linkLocal],
      ['iptables', 'iptables.log', linkLocal],
      ['saved_config', 'saved.conf', normalConfig],
      ['nonroot_stderr', 'nonroot.stderr', normalStderr],
    ] as const
    for (const [key, file, normal] of logs) {
      const text = quickCase[key]
      if (text === undefined) continue
      seen[key] = normal(played.file(file))
      wanted[key] = normal(text)
    }
    expect(seen).toEqual(wanted)
  })
})
