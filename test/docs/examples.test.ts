// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { workspace } from '../support/workspace.ts'
import { type Block, blocksOf, pages } from './blocks.ts'

const folder = join(workspace, '.cache/docs')
const examples = pages().flatMap((page) =>
  blocksOf(page)
    .filter(({ language }) => language === 'ts')
    .map((block): [string, Block] => [`${page.replace(/[/.]/g, '-')}-${block.line}.ts`, block]),
)

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [name, { text }] of examples) writeFileSync(join(folder, name), `${text}\nexport {}\n`)
  const packages = readdirSync(join(workspace, 'packages'))
  const compilerOptions = {
    paths: Object.fromEntries(
      packages.map((name) => [`@wgq/${name}/*`, [`../../packages/${name}/src/*.ts`]]),
    ),
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'] }),
  )
})

test('the examples for programmers compile', () => {
  expect(examples.length).toBeGreaterThan(3)
  const done = spawnSync(join(workspace, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
  expect(done.stdout).toBe('')
})

test.each(examples.filter(([, { status }]) => status !== undefined))('%s runs', (name) => {
  const words = [join(workspace, 'scripts/build/run-ts.mjs'), join(folder, name)]
  const done = spawnSync(process.execPath, words, { encoding: 'utf8' })
  expect(done).toMatchObject({ status: 0, stderr: '' })
  expect(done.stdout).not.toBe('')
})
