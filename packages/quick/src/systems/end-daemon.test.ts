// SPDX-License-Identifier: MIT
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startJournal } from '../run/journal.ts'
import { endDaemon } from './end-daemon.ts'

let directory: string
let daemon: string
const children: ChildProcess[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wgq-daemon-'))
  daemon = join(directory, 'slowd')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

/** Starts a daemon that has not made its interface yet, and waits until it runs. */
const start = async (name: string, before = ''): Promise<ChildProcess> => {
  writeFileSync(daemon, `${before}\necho ready\nread line\n`)
  const child = spawn('sh', [daemon, name], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child
}

// Only Linux exposes the command lines of other processes as files.
describe.skipIf(process.platform !== 'linux')('the daemon that `up` started', () => {
  test('is ended, one of another interface or program is not', async () => {
    const [ours, other] = [await start('wgdaemon'), await start('wgdaemon2')]
    const ended = once(ours, 'exit')
    await endDaemon({ ...startJournal('wgdaemon', '/x'), daemon })
    expect(await ended).toEqual([null, 'SIGTERM'])
    expect([other.exitCode, other.signalCode]).toEqual([null, null])
    await endDaemon({ ...startJournal('wgdaemon2', '/x'), daemon: '/usr/bin/wireguard-go' })
    expect([other.exitCode, other.signalCode]).toEqual([null, null])
  })

  test('is not asked to end in another namespace, nor where the journal names none', async () => {
    const child = await start('wgdaemon')
    await endDaemon({ ...startJournal('wgdaemon', '/x'), daemon, netns: 1 })
    await endDaemon(startJournal('wgdaemon', '/x'))
    expect([child.exitCode, child.signalCode]).toEqual([null, null])
  })

  test('is ended where its command line is a title', async () => {
    const child = spawn(process.execPath, [
      '-e',
      "process.title = 'slowd wgdaemon'; console.log('ready'); setInterval(() => {}, 1e6)",
    ])
    children.push(child)
    await once(child.stdout, 'data')
    const ended = once(child, 'exit')
    expect(await endDaemon({ ...startJournal('wgdaemon', '/x'), daemon: 'slowd' })).toBe(true)
    expect(await ended).toEqual([null, 'SIGTERM'])
  })

  test('is ended also where it does not listen to SIGTERM', async () => {
    const child = await start('wgdaemon', "trap '' TERM")
    const ended = once(child, 'exit')
    await endDaemon({ ...startJournal('wgdaemon', '/x'), daemon })
    expect(await ended).toEqual([null, 'SIGKILL'])
  })
})
