// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

test('every section of the specification that a comment cites is in docs/spec', () => {
  const listed = spawnSync('git', ['grep', '-lE', 'spec [a-z-]+', '--', 'packages', 'scripts', 'test'], {
    cwd: root,
    encoding: 'utf8',
  }).stdout
  const missing: string[] = []
  for (const file of listed.split('\n').filter((name) => /\.(ts|mjs|cc|h)$/.test(name))) {
    for (const [cited, page, section] of read(file).matchAll(
      /\bspec (wg-quick|wg|protocol|bsd) §([0-9.]*[0-9])/g,
    ))
      if (!headings(page as string).has(section as string)) missing.push(`${file}: ${cited}`)
  }
  expect(missing).toEqual([])
})

/** The numbers of the sections of a page: "6", "6.4". */
const headings = (page: string): Set<string> =>
  new Set(
    [...read(`docs/spec/${page}.md`).matchAll(/^#{2,3} ([0-9]+(?:\.[0-9]+)?)/gm)].map(
      ([, number]) => number as string,
    ),
  )
