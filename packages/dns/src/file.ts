// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isLink, keepAs, makeFolderOf, moveWhole, writeWhole } from './whole-file.ts'

// Without a manager the file is replaced as a whole and put back as it was, links included. Tunnels stack: each backup is
// what the file was before its tunnel came up, and is beside the file, on the same disk.

/** Where the file is kept that a tunnel replaced: not in /run, or a restart would lose it. */
export const backupPath = (path: string, dev: string): string => `${path}.wgq-${dev}`

/** What is written for a tunnel. */
interface ResolverFile {
  readonly servers: readonly string[]
  readonly search: readonly string[]
}

/**
 * Puts a tunnel's name servers into the file. Where the tunnel has its place already, there or under one that came up
 * later, the lines change and what was there before it stays; else what somebody wrote meanwhile is what comes back later.
 * `options` and `search` of the original go on. Raises the system's error when it is not possible; nothing changed then.
 */
export const replaceResolverFile = (path: string, dev: string, wanted: ResolverFile): void => {
  makeFolderOf(path)
  const holder = placeOf(path, dev)
  if (holder !== undefined) {
    writeWhole(holder, textFor(path, dev, wanted))
    return
  }
  const backup = backupPath(path, dev)
  keepAs(path, backup)
  try {
    writeWhole(path, textFor(path, dev, wanted))
  } catch (error) {
    rmSync(backup, { force: true })
    throw error
  }
}

/**
 * Takes a tunnel's part back: restores the file where the tunnel's still is, or removes it from the chain of
 * backups of tunnels that came up later. What somebody else has written since stays.
 */
export const restoreResolverFile = (path: string, dev: string): void => {
  const backup = backupPath(path, dev)
  for (const file of siblings(path)) if (/\.wgq\.[0-9]+$/.test(file)) rmSync(file, { force: true })
  // Also one that is cut off from the file, because somebody else wrote that.
  const places = [path, ...siblings(path).filter((file) => file.startsWith(backupPath(path, '')))]
  const holder = places.find((file) => writerOf(file) === dev)
  if (holder !== undefined && exists(backup)) moveWhole(backup, holder)
  else rmSync(holder ?? backup, { force: true })
}

/**
 * What the file tells of a tunnel, or will when those that came up later are gone; undefined where it is not told of it,
 * because nobody did or somebody else wrote over it.
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
    // Which ones were asked for can be read back.
    all.length > search.length ? `# Search domains of ${dev}: ${search.join(' ')}\n` : '',
    ...servers.map((server) => `nameserver ${server}\n`),
    all.length > 0 ? `search ${all.join(' ')}\n` : '',
    ...options.map((line) => `${line}\n`),
  ].join('')
}

/** What the file would say without any tunnel; undefined where there is no such text. */
export const readOriginal = (path: string): string | undefined => {
  const lowest = stackFrom(path, path).at(-1) as string
  return writerOf(lowest) === undefined ? read(lowest) : undefined
}

/** What goes on of the file that no tunnel wrote: the backup of the lowest of the stack. */
const originalOf = (path: string, dev: string): { options: string[]; domains: string[] } => {
  const lowest = stackFrom(path, backupPath(path, dev)).at(-1) as string
  const lines =
    writerOf(lowest) === undefined ? (read(lowest) ?? '').split('\n').map((line) => line.trim()) : []
  // The last one of both words counts (resolv.conf(5)).
  const domains = lines.filter((line) => /^(?:search|domain)\s/.test(line)).at(-1)
  return {
    options: lines.filter((line) => /^(?:options|sortlist)\s/.test(line)),
    domains: domains?.split(/\s+/).slice(1) ?? [],
  }
}

/** Where a tunnel's lines are in the stack: in the file, or in the backup of one that came up later. */
const placeOf = (path: string, dev: string): string | undefined =>
  stackFrom(path, path).find((file) => writerOf(file) === dev)

/** A file and what comes back after it, one below the other. */
const stackFrom = (path: string, top: string): string[] => {
  const files = [top]
  for (;;) {
    const owner = writerOf(files.at(-1) as string)
    const next = owner === undefined ? undefined : backupPath(path, owner)
    if (next === undefined || files.includes(next)) return files
    files.push(next)
  }
}

/** The tunnel that a file was written for; undefined of a file that no tunnel wrote. */
const writerOf = (file: string): string | undefined =>
  /^# Written by wgq for (\S+)\.\n/.exec(read(file) ?? '')?.[1]

const header = (dev: string): string => `# Written by wgq for ${dev}.\n`

/** The files whose names begin with that of the file: backups, and what a killed run was writing. */
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
