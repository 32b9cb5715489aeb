// SPDX-License-Identifier: MIT
import { withFileLock } from '@wgq/backends/file-lock'
import { checkConfiguration } from '@wgq/config/check'
import { type ConfigPart, joinParts } from '@wgq/config/parts'
import { replaceConfigFile } from '@wgq/config/replace-file'
import { readSettings } from '@wgq/config/settings'
import { encodeSource } from '@wgq/config/source'
import { formatCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'
import { reload } from '@wgq/quick/reload'
import { saveRunning } from '@wgq/quick/save'
import type { Session } from '@wgq/quick/session'
import { isNamedByHook } from '@wgq/quick/state/mentioned'
import type { Invocation } from '../command.ts'
import { runQuick } from '../quick-session.ts'
import { readTunnelFile, type TunnelFile, tunnelFileOf, wholePeers } from './tunnel-file.ts'

/** A verb's changes to the files of a tunnel. */
export interface Change {
  /** All parts, including unchanged ones; absent if nothing is to change. */
  readonly parts?: readonly ConfigPart[]
  /** Called last, after file and tunnel have changed; if it fails, both are restored. */
  readonly deliver?: () => void
}

/** The current files and the session; see {@link changePeers}. */
export interface Before extends TunnelFile {
  readonly session: Session
  /** The running device, which is to follow the file; absent if the interface is down. */
  readonly device?: Device
}

/** Running peers that are not in the file, added by `wg set`. */
export const strangers = ({ device, peers }: Pick<Before, 'device' | 'peers'>): readonly Peer[] => {
  const known = new Set(peers.map(({ publicKey }) => publicKey))
  return (device?.peers ?? []).filter(({ publicKey }) => !known.has(publicKey))
}

/**
 * Changes the peers of a tunnel as one transaction: locks, reads, changes and checks the file, brings the running
 * tunnel in line with it and delivers the result. If a step fails, restores file and tunnel. `prepare` runs before the
 * lock (it may ask the user). Running peers that are not in the file stay unchanged; with `SaveConfig = true`, which
 * keeps the running state, they are first added to the file. Resolves to the exit status. Raises the errors of the
 * steps.
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
        const { devices } = session.dependencies
        const running = (await devices.list()).includes(session.name)
        const device = running ? await devices.read(session.name) : undefined
        const original = readTunnelFile(session.configPath)
        const file = device && session.settings.saveConfig ? await withRunning(session) : original
        const before = { ...file, session, ...(device ? { device } : {}) }
        const change = await plan(before, prepared)
        await carryOut(before, original.parts, change)
        return 0
      },
    )
    return status ?? 1
  })

/** The files as `save` would write them now. */
const withRunning = async (session: Session): Promise<TunnelFile> => {
  const saved = new Map<string, string>()
  const dependencies = { ...session.dependencies, print: () => {} }
  await saveRunning({ ...session, dependencies, takeSaved: (text, path) => void saved.set(path, text) })
  const { parts } = readTunnelFile(session.configPath)
  const taken = parts.map(
    ({ path, source }): ConfigPart => ({ path, source: { ...source, text: saved.get(path) ?? source.text } }),
  )
  return tunnelFileOf(taken as [ConfigPart, ...ConfigPart[]])
}

const carryOut = async (
  file: Before,
  original: readonly ConfigPart[],
  { parts = file.parts, deliver }: Change,
): Promise<void> => {
  const { session, device } = file
  const changed = parts.filter((part, at) => part.source.text !== original[at]?.source.text)
  const guests = strangers(file)
  const after = tunnelFileOf(parts as TunnelFile['parts'])
  const leaving = takenOut(file, after)
  const check = async (): Promise<void> => {
    for (const { source, path } of changed) await checkConfiguration(source.text, path)
  }
  // With a running tunnel, the reload reads the file itself before it changes anything.
  if (!device) await check()
  const write = (from: readonly ConfigPart[], to: readonly ConfigPart[]): void => {
    for (const [at, { path, source }] of to.entries()) {
      const old = from[at] as ConfigPart
      if (old.source.text !== source.text)
        replaceConfigFile(path, encodeSource(source), encodeSource(old.source))
    }
  }
  try {
    write(original, parts)
    if (device && changed.length > 0) await follow({ ...session, leavingPeers: leaving }, parts, guests)
    deliver?.()
  } catch (error) {
    write(parts, original)
    if (device && changed.length > 0) {
      const silent = {
        ...session,
        leavingPeers: takenOut(after, file),
        dependencies: { ...session.dependencies, print: () => {} },
      }
      await follow(silent, file.parts, guests).catch(() => {})
    }
    // If the file was invalid, this error has the line.
    await check()
    throw error
  }
  for (const key of leaving)
    if (isNamedByHook(session.settings, key))
      session.dependencies.print(
        `[!] A hook of ${session.name} names ${key}: the next \`wgq up ${session.name}\` may bring it back.\n`,
      )
}

/** The peers that a change of the files removes or disables. */
const takenOut = (from: TunnelFile, to: TunnelFile): Key[] => {
  const after = new Map(wholePeers(to).map(({ publicKey, disabled }) => [publicKey, disabled]))
  return wholePeers(from)
    .filter(({ publicKey, disabled }) => !after.has(publicKey) || (!disabled && after.get(publicKey)))
    .map(({ publicKey }) => publicKey)
}

/** Brings the running tunnel in line with its files; `guests` stay. Raises `E_RELOAD` on failure. */
const follow = async (
  session: Session,
  parts: readonly ConfigPart[],
  guests: readonly Peer[],
): Promise<void> => {
  const text = [joinParts(parts), ...guests.map(sectionOf)].join('\n')
  // The text has every peer to keep. All others are removed, even with `SaveConfig = true`, which would keep them.
  const read = readSettings(guests.length === 0 ? joinParts(parts) : text, session.configPath)
  const settings = { ...read, saveConfig: false }
  const status = await reload({ ...session, settings })
  if (status !== 0)
    throw new WgqError('E_RELOAD', `${session.name} could not follow its file, which is as it was before`, {
      exitCode: status,
      hint: `\`wgq diff ${session.name}\` shows what differs`,
    })
}

/** The settings of a running peer that would change if they were left out. */
const sectionOf = ({ publicKey, allowedIps, keepaliveSeconds }: Peer): string =>
  `[Peer]\nPublicKey = ${publicKey}\nAllowedIPs = ${allowedIps.map(formatCidr).join(', ')}\nPersistentKeepalive = ${keepaliveSeconds}\n`
