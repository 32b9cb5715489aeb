// SPDX-License-Identifier: MIT
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import type { IfName, Op } from '@wgq/model/operation'
import { inverse } from './inverse.ts'
import { isAlive, type ProcessMark, thisProcess } from './process-mark.ts'

/**
 * What a run did to the host and how to take it back: `/run/wgq/NAME.json`. Written before each step, so that whoever
 * comes after a crash can undo exactly what was done, also without the configuration file. It never contains keys.
 */
export interface Journal {
  readonly version: 1
  readonly interface: IfName
  /** The configuration file, links resolved. */
  readonly config: string
  /** Inode of the network namespace: the same name may be in use in several. */
  readonly netns: number
  /** The boot of the machine that it was written in; absent where the system does not tell. */
  readonly boot?: string
  /** The namespace the interface was moved to (`--netns`). */
  readonly into?: string
  readonly state: 'starting' | 'up' | 'stopping'
  /** Who is at work while the state is not `up`. */
  readonly owner: ProcessMark
  /** Index of the interface that the run made; absent until it is known. */
  readonly linkIndex?: number
  /** Inverses in the order in which their operations were carried out. */
  readonly undo: readonly Op[]
  /** What the file said when it was last applied, where the running state cannot tell: an endpoint may have roamed. */
  readonly configured?: Configured
}

/** The part of a configuration that a later `reload` compares with. */
export interface Configured {
  /** `ADDRESS:PORT` by public key. */
  readonly endpoints: Readonly<Record<string, string>>
  readonly dnsServers: readonly string[]
  readonly dnsSearch: readonly string[]
}

/** Keeps the journal of one run on disk. */
export class JournalKeeper {
  private current: Journal
  private readonly path: string

  constructor(directory: string, journal: Journal) {
    this.path = journalPath(directory, journal.interface, journal.netns)
    this.current = journal
  }

  get journal(): Journal {
    return this.current
  }

  /**
   * Puts a new journal in place, unless another run is at work on the interface or has just begun: then says who, as the
   * error's hint. Raises `E_EXISTS`.
   */
  claim(): void {
    const { interface: name, netns } = this.current
    const directory = dirname(this.path)
    const present = readJournal(directory, name)
    if (present?.state === 'up') {
      this.update({})
      return
    }
    const beside = this.writeBeside()
    try {
      linkSync(beside, journalPath(directory, name, netns))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const owner = readJournal(directory, name)?.owner.pid
      throw new WgqError('E_EXISTS', `\`${name}' already exists`, {
        hint: `process ${owner ?? '(gone meanwhile)'} is bringing it up`,
      })
    } finally {
      rmSync(beside, { force: true })
    }
  }

  /** Notes what is about to happen. */
  intend(ops: readonly Op[]): void {
    const inverses = ops.map(inverse).filter((op) => op !== undefined)
    if (inverses.length > 0) this.update({ undo: [...this.current.undo, ...inverses] })
  }

  /** Takes back the note of operations that did not happen; `ops` are the last ones noted. */
  retract(ops: readonly Op[]): void {
    const count = ops.map(inverse).filter((op) => op !== undefined).length
    if (count > 0) this.update({ undo: this.current.undo.slice(0, -count) })
  }

  update(change: Partial<Journal>): void {
    this.current = { ...this.current, ...change }
    renameSync(this.writeBeside(), this.path)
  }

  private writeBeside(): string {
    const beside = `${this.path}.${process.pid}`
    try {
      writeFileSync(beside, `${JSON.stringify(this.current)}\n`, { mode: 0o600 })
    } catch (cause) {
      const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
      throw new WgqError('E_JOURNAL', `What was done cannot be noted in ${this.path}: ${errnoText(errno)}`, {
        errno,
        cause,
      })
    }
    return beside
  }

  remove(): void {
    rmSync(this.path, { force: true })
  }
}

/** A new, empty journal of this process. */
export const startJournal = (name: IfName, config: string): Journal => ({
  version: 1,
  interface: name,
  config,
  netns: currentNetns(),
  ...currentBoot(),
  state: 'starting',
  owner: thisProcess(),
  undo: [],
})

/** Makes the directory of journals: nobody but root looks into it. Raises `E_JOURNAL` where that is not possible. */
export const makeRunDirectory = (directory: string): void => {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new WgqError('E_JOURNAL', `The directory ${directory} cannot be made: ${errnoText(errno)}`, {
      errno,
      hint: 'in a container, mount a tmpfs on /run',
      cause,
    })
  }
}

/** The journal of an interface in the current network namespace; undefined where there is none or it cannot be read. */
export const readJournal = (directory: string, name: IfName): Journal | undefined => {
  const netns = currentNetns()
  return journalFiles(name, netns)
    .map((file) => parse(join(directory, file)))
    .find((journal) => journal?.interface === name && journal.netns === netns)
}

/** Journals of the current namespace whose run was cut off: not finished, and its process is gone. */
export const abandonedJournals = (directory: string): Journal[] => {
  const netns = currentNetns()
  return stored(directory)
    .map(({ journal }) => journal)
    .filter((journal) => journal.netns === netns && journal.state !== 'up' && !isAlive(journal.owner))
}

/** Every readable journal of the current namespace. */
export const allJournals = (directory: string): Journal[] => {
  const netns = currentNetns()
  return stored(directory)
    .map(({ journal }) => journal)
    .filter((journal) => journal.netns === netns)
}

/**
 * Journals of an earlier boot: the directory outlived it, the tunnels did not. Another identifier alone proves nothing,
 * systemd-nspawn makes one up for each container; the file has to be older than this boot too.
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

/** Journals of other network namespaces. */
export const foreignJournals = (directory: string): StoredJournal[] => {
  const netns = currentNetns()
  return stored(directory).filter(({ journal }) => journal.netns !== netns)
}

/** A journal and the path of its file. */
export interface StoredJournal {
  readonly path: string
  readonly journal: Journal
}

const stored = (directory: string): StoredJournal[] =>
  list(directory).flatMap((file) => {
    const path = join(directory, file)
    const journal = parse(path)
    return journal ? [{ path, journal }] : []
  })

const currentBoot = (): { boot?: string } => {
  const text = readIfThere('/proc/sys/kernel/random/boot_id')
  return text === undefined ? {} : { boot: text.trim() }
}

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Inode of the network namespace of this process; 0 where the system has none. */
export const currentNetns = (): number => {
  try {
    return statSync('/proc/self/ns/net').ino
  } catch {
    return 0
  }
}

/** Where the journal of an interface may stand in the directory: the second while another namespace's tunnel holds the first. */
export const journalFiles = (name: IfName, netns: number): [plain: string, foreign: string] =>
  // "@" is not allowed in an interface name.
  [`${name}.json`, `${name}@${netns}.json`]

const journalPath = (directory: string, name: IfName, netns: number): string => {
  const [plain, foreign] = journalFiles(name, netns).map((file) => join(directory, file)) as [string, string]
  // The tunnel that held the first place may have gone since; a journal stays where it is.
  if (parse(foreign)?.netns === netns) return foreign
  const holder = parse(plain)
  return holder === undefined || holder.netns === netns ? plain : foreign
}

const list = (directory: string): string[] => {
  try {
    return readdirSync(directory).filter((file) => file.endsWith('.json'))
  } catch {
    return []
  }
}

const parse = (path: string): Journal | undefined => {
  try {
    const journal = JSON.parse(readFileSync(path, 'utf8')) as Journal
    return journal.version === 1 && Array.isArray(journal.undo) ? journal : undefined
  } catch {
    return undefined
  }
}
