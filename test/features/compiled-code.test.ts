// SPDX-License-Identifier: MIT
// What V8 made of the bundles is kept for root's next run, in a folder that nobody else can write to.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtBin } from '../support/built-program.ts'
import { PrivateRun, whyNoPrivateRun } from '../support/private-run.ts'
import { makeTextKeys } from '../support/tunnel.ts'

const why = whyNoPrivateRun()
if (why) console.warn(`features/compiled-code: skipped: ${why}`)

describe.skipIf(why)('the code that is kept in /var/cache/wgq', () => {
  let place: PrivateRun
  let folder: string
  let readOnly: boolean
  beforeEach(() => {
    place = new PrivateRun()
    readOnly = false
    folder = join(place.root, 'cache/wgq')
    mkdirSync(folder, { recursive: true, mode: 0o755 })
  })
  afterEach(() => place.remove())

  /** `words` as a command that sees `folder` as /var/cache/wgq. */
  const run = (...words: string[]) => {
    const remount = readOnly ? ' && mount -o remount,bind,ro /var/cache' : ''
    const inside = `mount --bind '${join(place.root, 'cache')}' /var/cache${remount} && exec "$@"`
    return place.run(['sh', '-c', inside, 'sh', ...words])
  }
  const lint = async (key: 'Address' | 'Adress'): Promise<void> => {
    const text = `[Interface]\nPrivateKey = ${makeTextKeys().privateKey}\n${key} = 10.9.0.1/24\n`
    writeFileSync(join(place.work, 'kept0.conf'), text, { mode: 0o600 })
    const done = await run(join(builtBin, 'wgq'), 'lint', 'kept0.conf')
    expect(done, done.stderr).toMatchObject({ status: key === 'Address' ? 0 : 1 })
  }
  const version = async (): Promise<void> => {
    const done = await run(join(builtBin, 'wgq'), 'version')
    expect(done, done.stderr).toMatchObject({ status: 0, stderr: '' })
    expect(done.stdout).toContain('wgq ')
  }
  const kept = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  const only = (): string => {
    expect(kept()).toHaveLength(1)
    return kept()[0] as string
  }

  test('is written once, for root alone, and used again', async () => {
    await version()
    const file = only()
    const { mode, ino, mtimeMs } = statSync(file)
    expect(mode & 0o777).toBe(0o600)
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700)
    await version()
    expect(statSync(only())).toMatchObject({ ino, mtimeMs })
  })

  test('is written by a run that failed too, until one has ended well', async () => {
    await lint('Adress')
    const { ino } = statSync(only())
    await lint('Adress')
    expect(statSync(only()).ino).toBe(ino)
    await lint('Address')
    const { ino: good } = statSync(only())
    expect(good).not.toBe(ino)
    await lint('Adress')
    expect(statSync(only()).ino).toBe(good)
  })

  test('is one for each verb, and none for a word that is no verb', async () => {
    await version()
    expect(await run(join(builtBin, 'wgq'), '../x')).toMatchObject({ status: 1 })
    expect(kept().filter((file) => !/\/(version|unknown)-[a-z-]+\.cjs-[0-9a-f]+$/.test(file))).toEqual([])
    await lint('Address')
    expect(kept().some((file) => file.includes('/lint-config-verbs.cjs-'))).toBe(true)
  })

  test.each([
    ['that of another file', (old: Buffer) => Buffer.concat([Buffer.from('x'), old.subarray(1)])],
    ['no code', (old: Buffer) => Buffer.concat([old.subarray(0, 80), Buffer.alloc(5000, 7)])],
    ['a part of it', (old: Buffer) => old.subarray(0, 2000)],
    ['nothing', () => Buffer.alloc(0)],
  ])('is made anew in place of %s', async (_, spoil) => {
    await version()
    const file = only()
    const good = readFileSync(file)
    writeFileSync(file, spoil(good))
    await version()
    expect(readFileSync(only()).subarray(0, 80)).toEqual(good.subarray(0, 80))
    expect(readFileSync(only()).length).toBeGreaterThan(5080)
  })

  test.each([
    ['that others can write to', 'chmod 777 /var/cache/wgq'],
    ['that a group can write to', 'chmod 775 /var/cache/wgq'],
    ['of somebody else', 'chown 65534 /var/cache/wgq'],
    ['that a link names', 'mkdir /var/cache/other && rmdir /var/cache/wgq && ln -s other /var/cache/wgq'],
  ])('is neither written nor read in a folder %s', async (_, spoil) => {
    expect(await run('sh', '-c', spoil)).toMatchObject({ status: 0 })
    await version()
    expect(kept()).toEqual([])
  })

  test('that cannot be written is no fault', async () => {
    readOnly = true
    await version()
    expect(kept()).toEqual([])
    readOnly = false
    await version()
    const file = only()
    writeFileSync(file, 'x')
    readOnly = true
    await version()
    expect(readFileSync(file, 'latin1')).toBe('x')
  })

  test('is not missed where the folder does not exist, which is not made', async () => {
    rmSync(folder, { recursive: true })
    await version()
    expect(readdirSync(join(place.root, 'cache'))).toEqual([])
  })
})
