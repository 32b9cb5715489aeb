// SPDX-License-Identifier: MIT
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchFile } from './file-news.ts'

let folder: string
let close: () => void
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-news-'))
})
afterEach(() => {
  close()
  rmSync(folder, { recursive: true })
})

/** Waits for the reports of earlier changes: all watchers of a process get theirs in order. */
const pastNews = async (): Promise<void> => {
  const other = mkdtempSync(join(tmpdir(), 'wgq-barrier-'))
  await new Promise<void>((resolve) => {
    const watcher = watch(other, () => {
      watcher.close()
      resolve()
    })
    writeFileSync(join(other, 'file'), '')
  })
  rmSync(other, { recursive: true })
}

/** Carries out each action and waits until a change is reported. */
const reported = async (path: string, actions: readonly (() => void)[]): Promise<void> => {
  const heard = vi.fn()
  ;({ close } = watchFile(path, heard))
  for (const [index, act] of actions.entries()) {
    await pastNews()
    heard.mockClear()
    act()
    await vi.waitFor(() => expect(heard, `action ${index + 1}`).toHaveBeenCalled(), 10_000)
  }
}
const at = (...names: string[]) => join(folder, ...names)
const replace = (path: string, text: string) => {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

test('a file that is written in place, replaced and removed', async () => {
  writeFileSync(at('file'), '1')
  await reported(at('file'), [
    () => writeFileSync(at('file'), '2'),
    () => replace(at('file'), '3'),
    () => replace(at('file'), '4'),
    () => writeFileSync(at('file'), '5'),
    () => rmSync(at('file')),
    () => writeFileSync(at('file'), '6'),
  ])
})

test('a link whose target is replaced, twice, and that then leads to another file', async () => {
  mkdirSync(at('run'))
  writeFileSync(at('run', 'resolv.conf'), '1')
  symlinkSync('run/resolv.conf', at('resolv.conf'))
  await reported(at('resolv.conf'), [
    () => replace(at('run', 'resolv.conf'), '2'),
    () => replace(at('run', 'resolv.conf'), '3'),
    () => {
      mkdirSync(at('other'))
      writeFileSync(at('other', 'stub'), '4')
      symlinkSync('other/stub', at('new'))
      renameSync(at('new'), at('resolv.conf'))
    },
    () => replace(at('other', 'stub'), '5'),
  ])
})

test('a volume of Kubernetes: the link to its folder is replaced, again and again', async () => {
  const publish = (version: string) => {
    mkdirSync(at(version))
    writeFileSync(at(version, 'wg0.conf'), version)
    symlinkSync(version, at('..data_tmp'))
    renameSync(at('..data_tmp'), at('..data'))
  }
  publish('..1')
  symlinkSync('..data/wg0.conf', at('wg0.conf'))
  await reported(
    at('wg0.conf'),
    ['..2', '..3', '..4'].map((version) => () => publish(version)),
  )
})

test('a file in a folder that does not exist yet', async () => {
  await reported(at('resolve', 'resolv.conf'), [
    () => mkdirSync(at('resolve')),
    () => writeFileSync(at('resolve', 'resolv.conf'), '1'),
    () => replace(at('resolve', 'resolv.conf'), '2'),
  ])
})
