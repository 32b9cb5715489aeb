// SPDX-License-Identifier: MIT
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

// Without a manager the file is replaced as a whole and put back as it was, links included. Tunnels stack: each backup is
// what the file was before its tunnel came up.

/** Where the file is kept that a tunnel replaced: not in /run, or a restart would lose it. */
export const backupPath = (path: string, dev: string): string => `${path}.wgq-${dev}`

/** Replaces the file with one that belongs to a tunnel. Raises the system's error when that is not possible. */
export const replaceResolverFile = (path: string, dev: string, lines: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  const backup = backupPath(path, dev)
  rmSync(backup, { force: true })
  if (isLink(path)) symlinkSync(readlinkSync(path), backup)
  else if (existsSync(path)) copyFileSync(path, backup)
  const former = exists(backup)
    ? `The file from before is ${backup}; it comes back`
    : 'There was no file before; this one goes'
  put(path, `${header(dev)}# ${former} with \`wgq down ${dev}\`.\n${lines}`)
}

/**
 * Takes a tunnel's part back: restores the file where the tunnel's still stands, or takes the tunnel out from under the
 * ones that came up later. What somebody else has written since stays.
 */
export const restoreResolverFile = (path: string, dev: string): void => {
  const backup = backupPath(path, dev)
  for (const file of siblings(path)) if (/\.wgq\.[0-9]+$/.test(file)) rmSync(file, { force: true })
  const holders = [path, ...siblings(path).filter((file) => file.startsWith(backupPath(path, '')))]
  const holder = holders.find((file) => read(file)?.startsWith(header(dev)))
  if (holder !== undefined && exists(backup)) move(backup, holder)
  else rmSync(holder ?? backup, { force: true })
}

const header = (dev: string): string => `# Written by wgq for ${dev}.\n`

/** The files whose names begin with that of the file: backups, and what a killed run was writing. */
const siblings = (path: string): string[] =>
  (existsSync(dirname(path)) ? readdirSync(dirname(path)) : [])
    .filter((file) => file.startsWith(`${basename(path)}.wgq`))
    .map((file) => join(dirname(path), file))

/** Replaces a file at once; in a container it may be a mount, which can only be written into. */
const put = (path: string, text: string): void => {
  const beside = `${path}.wgq.${process.pid}`
  writeFileSync(beside, text, { mode: 0o644 })
  move(beside, path)
}

const move = (from: string, to: string): void => {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
    writeFileSync(to, readFileSync(from))
    rmSync(from)
  }
}

const exists = (path: string): boolean => isLink(path) || existsSync(path)

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
