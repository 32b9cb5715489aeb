// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

// Words of a house language, which a reader from outside has to translate, and what to write instead.
const instead: readonly (readonly [RegExp, string])[] = [
  [/\bshall\b/, '"must", "is to", or the plain verb'],
  [/\b(?:is|are|was|were|be) told\b(?! apart)/, '"gets", "is notified", "is reported"'],
  [/\bwithout a word\b/, '"silently"'],
  [/\ba thing of\b/, 'name the thing'],
  [/\b(?:may|must|can|cannot|will) stand\b/, '"may be", "must be"'],
  [/\bstands\b(?! (?:for|in for|still|in when|in the way|in nobody))/, '"is"'],
  [/\bin thought\b/, '"in memory"'],
  [/\bone looks (?:around|again)\b/, 'say what is read'],
  [/\brehears/, '"warm up"'],
  [/\bdearer\b/, '"costs more"'],
]
const root = join(import.meta.dirname, '../..')

test('comments, messages and pages use the words of the field', () => {
  const files = spawnSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
    .stdout.split('\n')
    .filter((file) => /\.(?:ts|mjs|cc|h|md|sh|[58])$|^scripts\/[a-z-]+$/.test(file))
    .filter((file) => !/fixtures\/|^docs\/measurements\/|^test\/house\/english/.test(file))
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        instead
          .filter(([pattern]) => pattern.test(line))
          .map(([, words]) => `${file}:${index + 1}: ${line.trim().slice(0, 100)} → ${words}`),
      ),
  )
  expect(found).toEqual([])
})
