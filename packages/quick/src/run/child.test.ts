// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { childRunner } from './child.ts'
import { Interrupted } from './failure.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wgq-child-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const question = { capture: true, quiet: true }
const run = (script: string, options: object) =>
  childRunner({ PATH: process.env['PATH'] }, directory)('sh', ['-c', script, 'sh', directory], options)

/** A program that a signal ends as many times as the file has lines. */
const endedTimes = (times: number): string => {
  writeFileSync(join(directory, 'times'), 'once\n'.repeat(times))
  return 'printf half; [ ! -s "$1/times" ] || { sed -i 1d "$1/times"; kill -HUP $$; }; printf " whole"'
}

test('a question that a signal cut off is asked again: half an answer is none', async () => {
  expect(await run(endedTimes(1), question)).toEqual({ status: 0, stdout: 'half whole' })
  await expect(run(endedTimes(2), question)).rejects.toThrow(new Interrupted('SIGHUP'))
})

test('what changes something is not done again', async () => {
  expect(await run(endedTimes(1), { ...question, input: 'batch' })).toMatchObject({ status: 129 })
  expect(await run(`exec >/dev/null; ${endedTimes(1)}`, { quiet: true })).toMatchObject({ status: 129 })
})
