// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Op } from '@wgq/model/operation'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { JournalKeeper, makeRunDirectory, readJournal, startJournal } from './journal.ts'
import { abandonedJournals } from './journal-files.ts'
import { sweep, withLock } from './lock.ts'

let directory: string
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'wgq-journal-')), 'wgq')
  makeRunDirectory(directory)
})
afterEach(() => rmSync(join(directory, '..'), { recursive: true }))

const secret: Op = { do: 'device.configure', name: 'wg0', configuration: 'PrivateKey = secret' }
const address: Op = { do: 'address.add', dev: 'wg0', family: 4, address: '10.0.0.2/24' }
/** A process that has ended. */
const gone = { pid: spawnSync('true').pid, started: '1' }

test('what is noted can be read back, by nobody but root, and holds no configuration', () => {
  const keeper = new JournalKeeper(directory, startJournal('wg0', '/etc/wireguard/wg0.conf'))
  keeper.intend([{ do: 'link.add', name: 'wg0' }])
  keeper.intend([secret, address])
  const journal = readJournal(directory, 'wg0')
  expect(journal?.undo.map((op) => op.do)).toEqual(['link.delete', 'address.delete'])
  expect(JSON.stringify(journal)).not.toContain('secret')
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  expect(statSync(join(directory, 'wg0.json')).mode & 0o777).toBe(0o600)
  keeper.retract([secret, address])
  expect(readJournal(directory, 'wg0')?.undo.map((op) => op.do)).toEqual(['link.delete'])
  keeper.remove()
  expect(readdirSync(directory)).toEqual([])
})

test.each(['10.0.0.2/255.255.255.0', '0x0a000002/24', '10.5/16'])(
  'an address as ip takes it, %s, makes no journal unreadable',
  (text) => {
    const keeper = new JournalKeeper(directory, startJournal('wg0', '/etc/wireguard/wg0.conf'))
    keeper.intend([{ do: 'address.add', dev: 'wg0', family: 4, address: text }])
    expect(readJournal(directory, 'wg0')?.undo).toMatchObject([{ address: text }])
  },
)

test('what the file says already is not written again', () => {
  const file = join(directory, 'wg0.json')
  // Each write makes a new file.
  const written = () => statSync(file).ino
  new JournalKeeper(directory, { ...startJournal('wg0', '/mine'), state: 'up' }).update({ mark: 1 })
  const first = written()
  const keeper = new JournalKeeper(directory, readJournal(directory, 'wg0') ?? expect.fail('no journal'))
  keeper.update({ mark: 1, options: undefined as never, undo: keeper.journal.undo })
  expect(written()).toBe(first)
  keeper.update({ mark: 2 })
  expect(readJournal(directory, 'wg0')?.mark).toBe(2)
  keeper.remove()
  keeper.update({ mark: 2 })
  expect(readJournal(directory, 'wg0')?.mark).toBe(2)
  // A journal without a file is written even if nothing changed.
  new JournalKeeper(directory, startJournal('wg1', '/mine')).update({})
  expect(readJournal(directory, 'wg1')?.config).toBe('/mine')
})

test('a run is abandoned when its process is gone before its end', () => {
  const start = (name: string, change: object) =>
    new JournalKeeper(directory, startJournal(name, '')).update(change)
  start('wg0', { owner: gone })
  start('wg1', {})
  start('wg2', { owner: gone, state: 'up' })
  // A number that was reused for another process.
  start('wg3', { owner: { pid: process.pid, started: '1' } })
  writeFileSync(join(directory, 'wg4.json'), '{"version":1,')
  expect(
    abandonedJournals(directory)
      .map((journal) => journal.interface)
      .sort(),
  ).toEqual(['wg0', 'wg3'])
})

test('journals of two network namespaces are side by side', () => {
  const other = { ...startJournal('wg0', ''), netns: 7 }
  new JournalKeeper(directory, other).intend([address])
  expect(readJournal(directory, 'wg0')).toBeUndefined()
  const keeper = new JournalKeeper(directory, startJournal('wg0', '/mine'))
  keeper.intend([address])
  expect(readJournal(directory, 'wg0')?.config).toBe('/mine')
  expect(readdirSync(directory)).toHaveLength(2)
  keeper.remove()
  expect(readdirSync(directory)).toEqual(['wg0.json'])
})

test('a journal stays at its place when the one before it goes', () => {
  const other = new JournalKeeper(directory, { ...startJournal('wg0', ''), netns: 7 })
  other.intend([address])
  new JournalKeeper(directory, startJournal('wg0', '')).intend([address])
  other.remove()
  const journal = readJournal(directory, 'wg0') ?? expect.fail('no journal')
  new JournalKeeper(directory, journal).update({ state: 'up' })
  expect(readdirSync(directory)).toHaveLength(1)
  new JournalKeeper(directory, journal).remove()
  expect(readdirSync(directory)).toEqual([])
})

test('a lock lets one in at a time, also after its holder died', async () => {
  writeFileSync(join(directory, 'table.lock'), JSON.stringify(gone))
  let inside = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setTimeout(resolve, 2))
    inside--
  }
  await Promise.all(Array.from({ length: 8 }, () => withLock(directory, 'table', work)))
  expect(most).toBe(1)
  expect(readdirSync(directory)).toEqual([])
})

/** The output of a program that imports from this directory. */
const child = (statements: string, ...before: string[]) => {
  const file = join(directory, '../child.ts')
  const here = (name: string) => new URL(`./${name}.ts`, import.meta.url).pathname
  writeFileSync(
    file,
    `const [{ makeRunDirectory }, { withLock }] = [await import('${here('journal')}'), await import('${here('lock')}')]\n${statements}`,
  )
  const at = (path: string) => new URL(`../../../../${path}`, import.meta.url).pathname
  const run = at('scripts/build/run-ts.mjs')
  // Without the addon there are no locks.
  const env = { ...process.env, WGQ_ADDON: at('packages/native/build/wgq.node') }
  const [program = '', ...args] = [...before, process.execPath, run, file]
  return spawnSync(program, args, { encoding: 'utf8', env, timeout: 30_000 })
}

test.skipIf(process.platform !== 'linux')('a hook comes through where the disk is full too', async () => {
  await withLock(directory, 'wg0', async () => {
    // The result of a full disk.
    truncateSync(join(directory, 'wg0.lock'))
    const { stdout, stderr } = child(
      `await withLock('${directory}', 'wg0', async () => console.log('through'))`,
    )
    expect(stdout, stderr).toBe('through\n')
  })
})

const root = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0

test.skipIf(!root)('a directory on a read-only disk is said to be there (needs root)', () => {
  const folder = join(directory, '..', 'run')
  mkdirSync(folder)
  const { stdout, stderr } = child(
    `try { makeRunDirectory('${folder}/a/wgq') } catch (error) { console.log(error.message) }`,
    ...['unshare', '-m', 'sh', '-c', `mount -t tmpfs -o ro x ${folder} && exec "$@"`, 'sh'],
  )
  expect(stdout, stderr).toBe(`The directory ${folder}/a/wgq cannot be made: Read-only file system\n`)
})

test('what killed processes left is swept up, what is in use stays', () => {
  writeFileSync(join(directory, 'table.lock'), JSON.stringify(gone))
  writeFileSync(join(directory, `wg0.json.${gone.pid}`), '')
  writeFileSync(join(directory, `script.${process.pid}`), '')
  writeFileSync(join(directory, 'wg0.json'), '{}')
  sweep(directory)
  expect(readdirSync(directory).sort()).toEqual([`script.${process.pid}`, 'wg0.json'].sort())
})
