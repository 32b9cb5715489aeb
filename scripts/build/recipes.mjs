// SPDX-License-Identifier: MIT
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publisher } from './publisher.mjs'

/** Folders of packaging/ that hold a recipe for other systems' tools. */
const folders = ['alpine', 'arch', 'container', 'freebsd', 'openbsd', 'pkgsrc', 'rpm']

/**
 * Copies the recipes with the publisher's page, name and address in place of @HOMEPAGE@, @MAINTAINER@ and @EMAIL@.
 * @returns {string[]} the folders
 */
export const recipes = ({ root, out }) => {
  const { name, email, homepage } = publisher(['name', 'email', 'homepage'])
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  return folders.map((folder) => {
    const copy = join(out, folder)
    cpSync(join(root, 'packaging', folder), copy, { recursive: true })
    for (const entry of readdirSync(copy, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const file = join(entry.parentPath ?? entry.path, entry.name)
      const text = readFileSync(file, 'utf8')
      const filled = text
        .replaceAll('@HOMEPAGE@', homepage.replace(/\/$/, ''))
        .replaceAll('@MAINTAINER@', `${name} <${email}>`)
        .replaceAll('@EMAIL@', email)
      if (filled !== text) writeFileSync(file, filled)
    }
    return copy
  })
}
