// SPDX-License-Identifier: MIT
import { withFileLock } from '@wgq/backends/file-lock'
import { checkConfiguration } from '@wgq/config/check'
import { type ConfigPart, joinParts } from '@wgq/config/parts'
import { replaceConfigFile } from '@wgq/config/replace-file'
import { readSettings } from '@wgq/config/settings'
import { encodeSource } from '@wgq/config/source'
import { WgqError } from '@wgq/model/error'
import { reload } from '@wgq/quick/reload'
import type { Session } from '@wgq/quick/session'
import type { Invocation } from '../command.ts'
import { runQuick } from '../quick-session.ts'
import { readTunnelFile, type TunnelFile } from './tunnel-file.ts'

/** What a verb wants of the files of a tunnel. */
export interface Change {
  /** Every part, the changed ones too; absent when nothing is to change. */
  readonly parts?: readonly ConfigPart[]
  /** Done last, when file and tunnel have changed; where it fails they are put back. */
  readonly deliver?: () => void
}

/** The files as they are, and the run; see {@link changePeers}. */
export interface Before extends TunnelFile {
  readonly session: Session
  /** The interface runs: its device is to follow the file. */
  readonly running: boolean
}

/**
 * Changes the peers of a tunnel as one transaction: the file is locked, read, changed and checked, the running tunnel is
 * brought in line with it, the result is delivered. Where a step fails, file and tunnel are put back. `prepare` comes before
 * the lock (it may ask the user). Resolves to the exit status. Raises what the steps raise.
 */
export const changePeers = async <P>(
  invocation: Invocation,
  tunnel: string,
  prepare: (session: Session) => Promise<P>,
  plan: (before: Before, prepared: P) => Promise<Change>,
): Promise<number> =>
  runQuick({ ...invocation, args: [tunnel] }, async (session) => {
    const prepared = await prepare(session)
    const status = await withFileLock(
      session.configPath,
      () => session.interruption.signal !== undefined,
      async () => {
        const running = (await session.edges.devices.list()).includes(session.name)
        const before = readTunnelFile(session.configPath)
        const change = await plan({ ...before, session, running }, prepared)
        await carryOut(session, running, before.parts, change)
        return 0
      },
    )
    return status ?? 1
  })

const carryOut = async (
  session: Session,
  running: boolean,
  before: readonly ConfigPart[],
  { parts = before, deliver }: Change,
): Promise<void> => {
  const changed = parts.filter((part, at) => part.source.text !== before[at]?.source.text)
  const check = async (): Promise<void> => {
    for (const { source, path } of changed) await checkConfiguration(source.text, path)
  }
  // A running tunnel reads the file itself, before it changes anything.
  if (!running) await check()
  const write = (from: readonly ConfigPart[], to: readonly ConfigPart[]): void => {
    for (const [at, { path, source }] of to.entries()) {
      const old = from[at] as ConfigPart
      if (old.source.text !== source.text)
        replaceConfigFile(path, encodeSource(source), encodeSource(old.source))
    }
  }
  try {
    write(before, parts)
    if (running && changed.length > 0) await follow(session, parts)
    deliver?.()
  } catch (error) {
    write(parts, before)
    if (running && changed.length > 0)
      await follow({ ...session, edges: { ...session.edges, print: () => {} } }, before).catch(() => {})
    // Where it was the file that could not be read, this says in which line.
    await check()
    throw error
  }
}

/** Brings the running tunnel in line with its files. Raises `E_RELOAD` where that fails. */
const follow = async (session: Session, parts: readonly ConfigPart[]): Promise<void> => {
  const settings = readSettings(joinParts(parts), session.configPath)
  const status = await reload({ ...session, settings })
  if (status !== 0)
    throw new WgqError('E_RELOAD', `${session.name} could not follow its file, which is as it was before`, {
      exitCode: status,
      hint: `\`wgq diff ${session.name}\` shows what differs`,
    })
}
