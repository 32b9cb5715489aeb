// SPDX-License-Identifier: MIT
// What wgq prints for other programs, read by checkers of other people.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { workspace } from '../support/workspace.ts'

const packages = { ajv: '8.20.0', '@microsoft/sarif-multitool-linux': '5.7.0' }
const root = join(workspace, '.cache/checkers')
const modules = join(root, 'node_modules')
const multitool = join(modules, '@microsoft/sarif-multitool-linux/Sarif.Multitool')

/** Fetched from npm once, beside the dependencies: no part of the product needs them. */
const fetched = (): string | undefined => {
  mkdirSync(root, { recursive: true })
  for (const [name, version] of Object.entries(packages)) {
    const manifest = join(modules, name, 'package.json')
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version) continue
    const words = Object.entries(packages).map((pair) => pair.join('@'))
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', root]
    const { status } = spawnSync('npm', ['install', ...options, ...words], {
      stdio: 'ignore',
      timeout: 240_000,
    })
    if (status !== 0) return 'the checkers cannot be had from npm'
  }
  return undefined
}
const whyNot = whyNotBuilt() ?? fetched()
if (whyNot !== undefined) console.warn(`interop/checkers: skipped: ${whyNot}`)

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const folder = mkdtempSync(join(tmpdir(), 'wgq-checkers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(whyNot !== undefined || process.platform !== 'linux' || process.arch !== 'x64')(
  'SARIF',
  () => {
    // File names that are not URI as they are, and findings of every severity.
    const names = ['wg0.conf', 'a b#c?d%e:f.conf', 'ü.conf', 'many.conf']
    test('Microsoft’s validator has nothing to say of `wgq lint --sarif`', () => {
      chmodSync(multitool, 0o755)
      for (const name of names)
        writeFileSync(
          join(folder, name),
          `[Interface]\nPrivateKey = ${key}\nAddress = 10.0.0.300/24\nMTU = 100\nPostUp = if\n[Peer]\nPublicKey = ${key}\nAllowedIPs = 10.0.0.2/8,\n${name === 'many.conf' ? 'Bogus = 1\n'.repeat(150) : ''}`,
        )
      const linted = spawnSync(join(builtBin, 'wgq'), ['lint', '--sarif', ...names], {
        cwd: folder,
        encoding: 'utf8',
      })
      expect(linted.status).toBe(1)
      const log = join(folder, 'log.sarif')
      writeFileSync(log, linted.stdout)
      const report = join(folder, 'report.sarif')
      const { stdout } = spawnSync(
        multitool,
        [
          'validate',
          log,
          '--output',
          report,
          '--log',
          'ForceOverwrite',
          '--level',
          'Error;Warning',
          '--kind',
          'Fail',
        ],
        { encoding: 'utf8', env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' } },
      )
      const [run] = JSON.parse(readFileSync(report, 'utf8')).runs
      const said = (run.results ?? []).map((found: { ruleId: string; message: object }) =>
        JSON.stringify([found.ruleId, found.message]),
      )
      expect(said, stdout).toEqual([])
    })
  },
)

describe.skipIf(whyNot)('JSON Schema', () => {
  const schemas = readdirSync(join(workspace, 'docs/schema')).filter((name) => name.endsWith('.json'))
  test.each(schemas)('ajv takes docs/schema/%s in its strict mode', (name) => {
    const Ajv = createRequire(join(modules, 'ajv/package.json'))('./dist/2020.js').default
    const ajv = new Ajv({ strict: true, strictRequired: true, allowUnionTypes: true, allErrors: true })
    expect(typeof ajv.compile(JSON.parse(readFileSync(join(workspace, 'docs/schema', name), 'utf8')))).toBe(
      'function',
    )
  })
})

const whyNoLive = whyNot ?? whyNoTunnel()
describe.skipIf(whyNoLive)('of a running tunnel', () => {
  let tunnel: LiveTunnel
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    tunnel.up()
    tunnel.reaches(2)
  })
  afterAll(() => tunnel?.remove())

  test.each([
    ['show', ['show', '--json']],
    ['show', ['show', '--json', '--show-keys']],
    ['list', ['list', '--json']],
    ['diff', ['diff', '--json', 'CONFIG']],
    ['doctor', ['doctor', '--json', 'DEVICE']],
    ['doctor', ['doctor', '--json', 'DEVICE', '--to', '10.60.0.2']],
    ['doctor', ['doctor', '--json', 'wg-missing']],
    ['lint', ['lint', '--json', 'CONFIG']],
    ['peers', ['peer', 'list', '--json', 'CONFIG']],
  ])('ajv takes for %s what `wgq %j` prints', (schema, words) => {
    const Ajv = createRequire(join(modules, 'ajv/package.json'))('./dist/2020.js').default
    const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true })
    const validate = ajv.compile(
      JSON.parse(readFileSync(join(workspace, 'docs/schema', `${schema}.json`), 'utf8')),
    )
    const args = words.map((word) =>
      word.replace('CONFIG', tunnel.configPath).replace('DEVICE', tunnel.device),
    )
    const done = tunnel.wgq(...args)
    validate(JSON.parse(done.stdout))
    expect(validate.errors ?? [], done.stdout).toEqual([])
  })

  const promtool = spawnSync('promtool', ['--version']).status === 0
  if (!promtool) console.warn('interop/checkers: promtool: skipped: not installed')
  test.skipIf(!promtool)('promtool has nothing to say of `wgq metrics`', () => {
    const metrics = tunnel.ns.tryRun(program('wgq'), ['metrics', tunnel.device])
    expect(metrics.stdout).toContain('wireguard_peers')
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: metrics.stdout, encoding: 'utf8' })
    expect(checked).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })
})
