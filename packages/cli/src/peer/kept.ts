// SPDX-License-Identifier: MIT
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { writePrivateFile } from '../private-file.ts'

/** Path of the kept file of a client, if there is one: `/etc/wireguard/wg0.clients/phone.conf`. */
export const keptPath = (configPath: string, name: string): string =>
  `${directoryOf(configPath)}/${name}.conf`

/** The kept file of a client; undefined if there is none. */
export const readKept = (configPath: string, name: string): string | undefined => {
  try {
    return readFileSync(keptPath(configPath, name), 'utf8')
  } catch {
    return undefined
  }
}

/** Keeps the file of a client, readable only by its owner. Raises `E_WRITE`. */
export const keep = (configPath: string, name: string, text: string): void => {
  mkdirSync(directoryOf(configPath), { recursive: true, mode: 0o700 })
  writePrivateFile(keptPath(configPath, name), text)
}

/** Removes the kept file of a client, if there is one. */
export const forget = (configPath: string, name: string): void =>
  rmSync(keptPath(configPath, name), { force: true })

/** Renames the kept file of a client, if there is one. */
export const renameKept = (configPath: string, name: string, next: string): void => {
  try {
    renameSync(keptPath(configPath, name), keptPath(configPath, next))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

const directoryOf = (configPath: string): string => `${configPath.replace(/\.conf$/, '')}.clients`
