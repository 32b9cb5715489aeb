// SPDX-License-Identifier: MIT
import { lstatSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { IfName, Op } from '@wgq/model/operation'
import { isSoundJournal } from './journal-check.ts'
import type { Journal } from './journal-record.ts'
import { isAlive } from './process-mark.ts'

/** A journal and the path of its file. */
interface StoredJournal {
  readonly path: string
  readonly journal: Journal
}

/** The journal of an interface in the current network namespace; undefined if there is none or it cannot be read. */
export const readJournal = (directory: string, name: IfName): Journal | undefined => {
  const netns = currentNetns()
  return journalFiles(name, netns)
    .map((file) => parse(join(directory, file)))
    .find((journal) => journal?.interface === name && journal.netns === netns)
}

/** Every readable journal of the current namespace. */
export const allJournals = (directory: string): Journal[] => {
  const netns = currentNetns()
  return stored(directory)
    .map(({ journal }) => journal)
    .filter((journal) => journal.netns === netns)
}

/** Inverses in the journals of the other tunnels of the current namespace. */
export const notedByOthers = ({
  runDirectory,
  name,
  into,
}: {
  readonly runDirectory: string
  readonly name: IfName
  readonly into?: string
}): Op[] =>
  allJournals(runDirectory)
    .filter((journal) => journal.interface !== name && journal.into === into)
    .flatMap(({ undo }) => undo)

/** Journals of the current namespace whose run was interrupted (unfinished, process gone) or could not undo all. */
export const abandonedJournals = (directory: string): Journal[] =>
  allJournals(directory).filter(
    ({ state, owner }) => state === 'stopping' || (state === 'starting' && !isAlive(owner)),
  )

/** Journals of other network namespaces. */
export const foreignJournals = (directory: string): StoredJournal[] => {
  const netns = currentNetns()
  return stored(directory).filter(({ journal }) => journal.netns !== netns)
}

/**
 * Journals of an earlier boot: the directory survived it, the tunnels did not. A different identifier alone proves
 * nothing, because systemd-nspawn invents one for each container; the file must also be older than this boot.
 */
export const journalsOfEarlierBoots = (directory: string): StoredJournal[] => {
  const { boot } = currentBoot()
  const bootSeconds = Number(/^btime (\d+)$/m.exec(readIfThere('/proc/stat') ?? '')?.[1] ?? 0)
  return stored(directory).filter(
    ({ path, journal }) =>
      boot !== undefined &&
      journal.boot !== undefined &&
      journal.boot !== boot &&
      statSync(path).mtimeMs < bootSeconds * 1000,
  )
}

/**
 * Renames journals of an interface that cannot be parsed or are not owned by root to `FILE.unreadable`, so that nothing
 * waits for them; returns their new paths. The state is then read from the machine.
 */
export const setAsideUnreadable = (directory: string, name: IfName): string[] =>
  journalFiles(name, currentNetns())
    .map((file) => join(directory, file))
    .filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined && parse(path) === undefined)
    .map((path) => {
      renameSync(path, `${path}.unreadable`)
      return `${path}.unreadable`
    })

/** The identifier of this boot; undefined if the system has none. */
export const currentBoot = (): { boot?: string } => {
  const text = readIfThere('/proc/sys/kernel/random/boot_id')
  return text === undefined ? {} : { boot: text.trim() }
}

/** Inode of the network namespace of this process; 0 if the system has none. */
export const currentNetns = (): number => {
  try {
    return statSync('/proc/self/ns/net').ino
  } catch {
    return 0
  }
}

/** File names of a journal: NAME.json, or NAME@NETNS.json while another namespace uses the first. */
export const journalFiles = (name: IfName, netns: number): [plain: string, foreign: string] =>
  // "@" is not allowed in an interface name.
  [`${name}.json`, `${name}@${netns}.json`]

/** The path of the journal of an interface, existing or new. */
export const journalPath = (directory: string, name: IfName, netns: number): string => {
  const [plain, foreign] = journalFiles(name, netns).map((file) => join(directory, file)) as [string, string]
  // The tunnel with the first file name may have gone since; a journal keeps its path.
  if (parse(foreign)?.netns === netns) return foreign
  const holder = parse(plain)
  return holder === undefined || holder.netns === netns ? plain : foreign
}

const stored = (directory: string): StoredJournal[] =>
  list(directory).flatMap((file) => {
    const path = join(directory, file)
    const journal = parse(path)
    return journal ? [{ path, journal }] : []
  })

const list = (directory: string): string[] => {
  try {
    return readdirSync(directory).filter((file) => file.endsWith('.json'))
  } catch {
    return []
  }
}

/** A journal is input: accepts only what root wrote, and only what our own runs could have written. */
const parse = (path: string): Journal | undefined => {
  try {
    const { uid, mode, ino, mtimeMs, size } = lstatSync(path)
    if ((mode & 0o170022) !== 0o100000 || uid !== process.geteuid?.()) return undefined
    const version = `${ino} ${mtimeMs} ${size}`
    const known = parsed.get(path)
    if (known?.version === version) return known.journal
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    const journal = isSoundJournal(value) ? value : undefined
    parsed.set(path, { version, journal })
    return journal
  } catch {
    return undefined
  }
}

/** Caches journals: those of large tunnels are read many times in one run, and each write makes a new file. */
const parsed = new Map<string, { readonly version: string; readonly journal: Journal | undefined }>()

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
