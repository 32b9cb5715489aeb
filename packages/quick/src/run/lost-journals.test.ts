// SPDX-License-Identifier: MIT
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Op } from '@wgq/model/operation'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Session } from '../session.ts'
import { linux } from '../systems/linux.ts'
import { currentNetns, type Journal, JournalKeeper, startJournal } from './journal.ts'
import { removeLostJournals } from './lost-journals.ts'

let directory: string
let acts: Op[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wgq-lost-'))
  acts = []
})
afterEach(() => rmSync(directory, { recursive: true }))

const session = () =>
  ({
    runDirectory: directory,
    system: linux,
    interruption: {},
    dependencies: { print: () => {} },
    act: async (op: Op) => void acts.push(op),
  }) as unknown as Session
const write = (name: string, change: Partial<Journal>) =>
  new JournalKeeper(directory, { ...startJournal(name, ''), state: 'up' }).update(change)
/** A journal like one from a run in another namespace. */
const foreign = (file: string, netns: number, change: Partial<Journal> = {}) =>
  writeFileSync(join(directory, file), JSON.stringify({ ...startJournal('wg0', ''), netns, ...change }))
/** Backdates a file to long before this boot. */
const age = (file: string) => utimesSync(join(directory, file), 1, 1)
const left = () => readdirSync(directory).sort()

test('journals of namespaces that are gone go; those of living ones and our own stay', async () => {
  foreign('wg0.json', 7)
  foreign('wg0@8.json', 8)
  write('wg1', {})
  await removeLostJournals(session(), () => new Set([8, currentNetns()]))
  expect(left()).toEqual(['wg0@8.json', 'wg1.json'])
  expect(acts).toEqual([])
})

test('nothing goes where it cannot be seen what lives', async () => {
  foreign('wg0.json', 7)
  await removeLostJournals(session(), () => undefined)
  expect(left()).toEqual(['wg0.json'])
})

test('namespaces are not scanned where all journals are our own', async () => {
  write('wg1', {})
  await removeLostJournals(session(), () => expect.fail('looked around'))
  expect(left()).toEqual(['wg1.json'])
})

describe('of an earlier boot', () => {
  const link: Op = { do: 'link.delete', name: 'wg1' }
  const file: Op = { do: 'dns.unset', dev: 'wg1', manager: 'file:/etc/resolv.conf' }
  const resolved: Op = { do: 'dns.unset', dev: 'wg1', manager: 'resolvectl' }

  test('files are restored, nothing is looked for on the host, in our namespace only', async () => {
    // The number of the first namespace is the same in every boot.
    write('wg1', { boot: 'earlier', undo: [link, resolved, file] })
    foreign('wg0.json', 7, { boot: 'earlier', undo: [file] })
    age('wg0.json')
    age('wg1.json')
    await removeLostJournals(session(), () => undefined)
    expect(acts).toEqual([file])
    expect(left()).toEqual([])
  })

  test('a journal with another identifier that was written in this boot is that of a container, and stays', async () => {
    write('wg1', { boot: 'of a container', undo: [file] })
    await removeLostJournals(session(), () => undefined)
    expect(left()).toEqual(['wg1.json'])
    expect(acts).toEqual([])
  })

  test('a journal that names no boot stays', async () => {
    const { boot: _, ...old } = startJournal('wg1', '')
    writeFileSync(join(directory, 'wg1.json'), JSON.stringify({ ...old, undo: [link] }))
    age('wg1.json')
    await removeLostJournals(session(), () => undefined)
    expect(left()).toEqual(['wg1.json'])
    expect(acts).toEqual([])
  })
})
