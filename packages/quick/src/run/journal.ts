// SPDX-License-Identifier: MIT
import { linkSync, lstatSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoText } from '@wgq/model/errno'
import { isWgqError, WgqError } from '@wgq/model/error'
import type { IfName, Op } from '@wgq/model/operation'
import { inverse, settles } from './inverse.ts'
import { currentBoot, currentNetns, journalPath, readJournal } from './journal-files.ts'
import type { Journal } from './journal-record.ts'
import { thisProcess } from './process-mark.ts'
import { writeBeside } from './state-file.ts'

export { currentNetns, journalFiles, readJournal } from './journal-files.ts'
export type { Configured, Journal, NotedGateway, TunnelOptions } from './journal-record.ts'

/** Keeps the journal of one run on disk, or in memory if `path` is undefined (a dry run). */
export class JournalKeeper {
  private current: Journal
  private readonly path: string | undefined
  /** The file matches `current`. */
  private isWritten: boolean

  constructor(directory: string | undefined, journal: Journal) {
    this.path = directory === undefined ? undefined : journalPath(directory, journal.interface, journal.netns)
    this.current = journal
    // An unchanged file gives the same object.
    this.isWritten = directory !== undefined && readJournal(directory, journal.interface) === journal
  }

  get journal(): Journal {
    return this.current
  }

  /**
   * Writes a new journal, unless another run is using the interface or has just started: the hint of the error then
   * names that run. Raises `E_EXISTS`.
   */
  claim(): void {
    if (this.path === undefined) return
    const { interface: name } = this.current
    const directory = dirname(this.path)
    if (readJournal(directory, name)?.state === 'up') {
      this.update({})
      return
    }
    const beside = this.writeBeside(this.path)
    try {
      linkSync(beside, this.path)
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

  /** Notes what is about to happen; skips what is noted already. */
  intend(ops: readonly Op[]): void {
    const inverses = ops.flatMap((op) => inverse(op) ?? [])
    if (inverses.length > 0) this.update({ undo: [...this.current.undo, ...inverses] })
  }

  /** Removes the notes of operations that did not happen; `ops` are the last ones noted. */
  retract(ops: readonly Op[]): void {
    const count = ops.filter((op) => inverse(op) !== undefined).length
    if (count > 0) this.update({ undo: this.current.undo.slice(0, -count) })
  }

  /** Removes the notes that the given operations have undone. */
  settle(ops: readonly Op[]): void {
    const undo = settles(ops, this.current.undo)
    if (undo.length === this.current.undo.length) return
    try {
      this.update({ undo })
    } catch (error) {
      // On a full disk the file lists more than there is to undo; the next run finds those gone.
      if (!isWgqError(error) || error.code !== 'E_JOURNAL') throw error
    }
  }

  /** Notes changes; what is noted already costs no write. */
  update(change: Partial<Journal>): void {
    if (this.isWritten && isNoted(this.current, change)) return
    this.current = { ...this.current, ...change }
    this.isWritten = false
    if (this.path === undefined) return
    renameSync(this.writeBeside(this.path), this.path)
    this.isWritten = true
  }

  remove(): void {
    this.isWritten = false
    if (this.path !== undefined) rmSync(this.path, { force: true })
  }

  private writeBeside(path: string): string {
    try {
      return writeBeside(path, this.current)
    } catch (cause) {
      const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
      throw new WgqError('E_JOURNAL', `What was done cannot be noted in ${path}: ${errnoText(errno)}`, {
        errno,
        cause,
      })
    }
  }
}

/** Says whether a journal has these values already. Inverses may be many: only the identical list counts as equal. */
const isNoted = (journal: Journal, change: Partial<Journal>): boolean =>
  (Object.keys(change) as (keyof Journal)[]).every(
    (key) =>
      journal[key] === change[key] ||
      (key !== 'undo' && JSON.stringify(journal[key]) === JSON.stringify(change[key])),
  )

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

/** The note of a kill switch in a journal; one removal is enough, however often it was set. */
export const notedKillSwitch = (journal: Journal | undefined): readonly Op[] =>
  (journal?.undo ?? []).filter((op) => op.do === 'killswitch.off').slice(0, 1)

/** Makes a directory and its parents. One at a time: a recursive mkdir of Node reports ENOENT on a read-only disk. */
const makeFolder = (directory: string): void => {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(directory).isDirectory()) return
    if (code !== 'ENOENT') throw error
    makeFolder(dirname(directory))
    mkdirSync(directory, { mode: 0o700 })
  }
}

/**
 * Makes the directory of journals, accessible to root only. Raises `E_JOURNAL` if that fails, `E_JOURNAL_UNSAFE` if
 * others could write into it.
 */
export const makeRunDirectory = (directory: string): void => {
  try {
    makeFolder(directory)
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new WgqError('E_JOURNAL', `The directory ${directory} cannot be made: ${errnoText(errno)}`, {
      errno,
      hint: 'in a container, mount a tmpfs on /run',
      cause,
    })
  }
  const { uid, mode } = lstatSync(directory)
  const others = mode & 0o022
  if (uid === process.geteuid?.() && others === 0) return
  const found =
    others === 0
      ? `it belongs to user ${uid}`
      : `others may write into it (mode ${(mode & 0o777).toString(8)})`
  throw new WgqError('E_JOURNAL_UNSAFE', `The directory ${directory} is not root's alone: ${found}`, {
    hint: `look at what is in it, then \`rm -r ${directory}\``,
  })
}
