// SPDX-License-Identifier: MIT
// Files of other people's generators, through every verb that reads one.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkConfiguration } from '../../packages/config/src/check.ts'
import { lint } from '../../packages/config/src/lint/lint.ts'
import { decodeSource } from '../../packages/config/src/source.ts'
import { productFiles } from '../fixtures/products.ts'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'

const secret = /cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd|Ke8wUlvynA9acjhkHdychziB5/
const dependencies = { publicKey: <T>(key: T) => key, shellFaults: () => [] }

describe.each(productFiles)('$product', ({ bytes, named }) => {
  const { text } = decodeSource(bytes)
  const findings = lint([{ file: 'wg0.conf', text, purpose: 'wg-quick' }], dependencies)
  const errors = findings.filter(({ severity }) => severity === 'error')

  test(named === undefined ? 'lint has no error' : `one error names ${named}`, () => {
    expect(errors).toHaveLength(named === undefined ? 0 : 1)
    if (named !== undefined) {
      expect(errors[0]?.message).toContain(named)
      expect(errors[0]?.hint).toMatch(/\w/)
    }
    expect(JSON.stringify(findings)).not.toMatch(secret)
  })

  test('up takes it exactly when lint does', async () => {
    const error = await checkConfiguration(text, 'wg0.conf').catch((found) => found)
    expect(error === undefined).toBe(named === undefined)
    expect(String(error?.message)).not.toMatch(secret)
  })
})

const whyNot = whyNotBuilt()
describe.skipIf(whyNot)('the built program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-products-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  // A few of them: each run starts a program.
  const chosen = productFiles.filter(({ product }) =>
    /^(?:Fritz|AmneziaWG 3.0|Windows app|PIA|wg-easy server)/.test(product),
  )
  test.each(chosen)('$product: export and qr write it, or nothing', ({ bytes, named }) => {
    writeFileSync(join(folder, 'wg0.conf'), bytes, { mode: 0o600 })
    for (const args of [
      ['export', '--to', 'networkd'],
      ['qr', '--invert'],
    ]) {
      const run = spawnSync(join(builtBin, 'wgq'), [...args, 'wg0.conf'], { cwd: folder, encoding: 'utf8' })
      expect(run.status).toBe(named === undefined ? 0 : 1)
      expect(run.stdout === '').toBe(named !== undefined)
      expect(run.stderr).not.toMatch(secret)
      if (named !== undefined) expect(run.stderr).toContain(named)
    }
  })
})
