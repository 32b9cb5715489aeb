// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isLink, keepAs, makeFolderOf, moveWhole, writeWhole } from './whole-file.ts'

// Without a manager the file is replaced as a whole and restored unchanged, links included. Tunnels stack: each backup
// holds the file from before its tunnel came up, and is in the same directory, on the same disk.

/** Path of the backup of the replaced file: not in /run, because a reboot would delete it. */
export const backupPath = (path: string, dev: string): string => `${path}.wgq-${dev}`

/** The settings written for a tunnel. */
interface ResolverFile {
  readonly servers: readonly string[]
  readonly search: readonly string[]
}

/**
 * Writes a tunnel's name servers into the file. If the tunnel already has its place, in the file or below later
 * tunnels, only its lines change and its backup stays; else the current content, if any, becomes the backup. Keeps
 * `options` and `search` of the original. Raises the system's error if writing fails; nothing has changed then.
 */
export const replaceResolverFile = (path: string, dev: string, wanted: ResolverFile): void => {
  makeFolderOf(path)
  const holder = placeOf(path, dev)
  if (holder !== undefined) {
    writeWhole(holder, textFor(path, dev, wanted))
    return
  }
  const backup = backupPath(path, dev)
  const isKept = isLost(path, dev)
  if (!isKept) keepAs(path, backup)
  try {
    writeWhole(path, textFor(path, dev, wanted))
  } catch (error) {
    if (!isKept) rmSync(backup, { force: true })
    throw error
  }
}

/**
 * Removes a tunnel's lines: restores the file if it is still the tunnel's, or removes the tunnel from the chain of
 * backups of tunnels that came up later. Content that another program has written since stays.
 */
export const restoreResolverFile = (path: string, dev: string): void => {
  const backup = backupPath(path, dev)
  for (const file of siblings(path)) if (/\.wgq\.[0-9]+$/.test(file)) rmSync(file, { force: true })
  const holder = holderOf(path, dev)
  if (holder !== undefined && exists(backup)) moveWhole(backup, holder)
  else rmSync(holder ?? backup, { force: true })
}

/** Says whether {@link restoreResolverFile} would change the file, or the backup of another tunnel. */
export const isResolverFileHeld = (path: string, dev: string): boolean => holderOf(path, dev) !== undefined

/** Where the backup belongs: in place of the tunnel's lines, or of a file that was deleted or emptied since. */
const holderOf = (path: string, dev: string): string | undefined => {
  // Also a file that is no longer linked to the current one, because another program overwrote that.
  const places = [path, ...siblings(path).filter((file) => file.startsWith(backupPath(path, '')))]
  return places.find((file) => writerOf(file) === dev) ?? (isLost(path, dev) ? path : undefined)
}

/** The file is missing or empty, and the tunnel has a backup of it: that is still the original. */
const isLost = (path: string, dev: string): boolean =>
  exists(backupPath(path, dev)) && !isLink(path) && (!existsSync(path) || read(path)?.trim() === '')

/**
 * A tunnel's name servers in the file, or in the backup restored after later tunnels are gone; undefined if they were
 * never set or another program overwrote them.
 */
export const readResolverFile = (path: string, dev: string): ResolverFile | undefined => {
  const holder = placeOf(path, dev)
  const text = holder === undefined ? undefined : read(holder)
  if (text === undefined) return undefined
  const servers = [...text.matchAll(/^nameserver (\S+)$/gm)].map(([, server]) => server as string)
  const words = (line: RegExp): string[] | undefined => line.exec(text)?.[1]?.split(' ').filter(Boolean)
  const all = words(/^search (.*)$/m) ?? []
  const search = words(/^# Search domains of \S+: (.*)$/m) ?? all
  return { servers, search: text === textFor(path, dev, { servers, search }) ? search : all }
}

const textFor = (path: string, dev: string, { servers, search }: ResolverFile): string => {
  const backup = backupPath(path, dev)
  const former = exists(backup)
    ? `The file from before is ${backup}; it comes back`
    : 'There was no file before; this one goes'
  const { options, domains } = originalOf(path, dev)
  const all = [...new Set([...search, ...domains])]
  return [
    `${header(dev)}# ${former} with \`wgq down ${dev}\`.\n`,
    // Allows reading back which ones were requested.
    all.length > search.length ? `# Search domains of ${dev}: ${search.join(' ')}\n` : '',
    ...servers.map((server) => `nameserver ${server}\n`),
    all.length > 0 ? `search ${all.join(' ')}\n` : '',
    ...options.map((line) => `${line}\n`),
  ].join('')
}

/** The content of the file without any tunnel; undefined if there is none. */
export const readOriginal = (path: string): string | undefined => {
  const lowest = stackFrom(path, path).at(-1) as string
  return writerOf(lowest) === undefined ? read(lowest) : undefined
}

/** Lines to keep of the file that no tunnel wrote: the lowest backup of the stack. */
const originalOf = (path: string, dev: string): { options: string[]; domains: string[] } => {
  const lowest = stackFrom(path, backupPath(path, dev)).at(-1) as string
  const lines =
    writerOf(lowest) === undefined ? (read(lowest) ?? '').split('\n').map((line) => line.trim()) : []
  // The last line with either keyword counts (resolv.conf(5)).
  const domains = lines.filter((line) => /^(?:search|domain)\s/.test(line)).at(-1)
  return {
    options: lines.filter((line) => /^(?:options|sortlist)\s/.test(line)),
    domains: domains?.split(/\s+/).slice(1) ?? [],
  }
}

/** The place of a tunnel's lines in the stack: the file, or the backup of a later tunnel. */
const placeOf = (path: string, dev: string): string | undefined =>
  stackFrom(path, path).find((file) => writerOf(file) === dev)

/** A file and the backups below it, in the order of their restoration. */
const stackFrom = (path: string, top: string): string[] => {
  const files = [top]
  for (;;) {
    const owner = writerOf(files.at(-1) as string)
    const next = owner === undefined ? undefined : backupPath(path, owner)
    if (next === undefined || files.includes(next)) return files
    files.push(next)
  }
}

/** The tunnel that a file was written for; undefined if no tunnel wrote it. */
const writerOf = (file: string): string | undefined =>
  /^# Written by wgq for (\S+)\.\n/.exec(read(file) ?? '')?.[1]

const header = (dev: string): string => `# Written by wgq for ${dev}.\n`

/** The files whose names begin with that of the file: backups, and temporary files of killed runs. */
const siblings = (path: string): string[] =>
  (existsSync(dirname(path)) ? readdirSync(dirname(path)) : [])
    .filter((file) => file.startsWith(`${basename(path)}.wgq`))
    .map((file) => join(dirname(path), file))

const exists = (path: string): boolean => isLink(path) || existsSync(path)

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
