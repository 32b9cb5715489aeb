// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { directiveNames } from '../../packages/config/src/directive-names.ts'

const folder = join(import.meta.dirname, '../../docs/man')
const whyNot = spawnSync('mandoc', ['-V']).error ? 'mandoc is not installed' : undefined
if (whyNot) console.log(`manual pages are not checked: ${whyNot}`)

test.skipIf(whyNot).each(readdirSync(folder))('mandoc -T lint has nothing to say about %s', (page) => {
  const { stdout, stderr } = spawnSync('mandoc', ['-T', 'lint', join(folder, page)], { encoding: 'utf8' })
  expect(stdout + stderr).toBe('')
})

test.each(directiveNames)('wgq.conf(5) explains # %s', (name) => {
  expect(readFileSync(join(folder, 'wgq.conf.5'), 'utf8')).toMatch(new RegExp(`# ${name}\\b`))
})
