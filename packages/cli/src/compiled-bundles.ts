// SPDX-License-Identifier: MIT
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire, Module } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { Script } from 'node:vm'

// node:module has a cache of its own (Node 22.1), which holds what was compiled at the first line of a file, not the
// functions that were called later: most of the work. A script's `createCachedData` at the end of a run holds both.

/** Compiled in this run, and not kept yet. */
const fresh: { readonly script: Script; readonly file: string; readonly key: string }[] = []

type Load = (module: Module, path: string) => void
type Wrapped = (
  exports: unknown,
  require: NodeJS.Require,
  module: Module,
  filename: string,
  directory: string,
) => void

/** From now on bundles are compiled with the code that is kept in `directory`; what is missing there is written at the end. */
export const keepBundlesIn = (directory: string): void => {
  const folder = join(directory, thisNode())
  const extensions = createRequire(import.meta.url).extensions as Record<string, Load>
  extensions['.cjs'] = (module, path) => {
    const source = readFileSync(path, 'utf8')
    const file = join(folder, `${basename(path)}-${sumOf(dirname(path))}`)
    const { ino, size, ctimeMs } = statSync(path)
    // V8 copies what is not aligned.
    const key = `${`wgq ${ino} ${size} ${ctimeMs}`.padEnd(79)}\n`
    const cachedData = keptIn(file, key)
    const script = new Script(Module.wrap(source), {
      filename: path,
      ...(cachedData === undefined ? {} : { cachedData }),
    })
    if (cachedData === undefined || script.cachedDataRejected) fresh.push({ script, file, key })
    const run = script.runInThisContext() as Wrapped
    run.call(module.exports, module.exports, createRequire(path), module, path, dirname(path))
  }
  process.once('exit', atExit)
}

/** Writes what this run has compiled. */
export const writeBundles = (): void => {
  process.removeListener('exit', atExit)
  for (const { script, file, key } of fresh.splice(0)) {
    const whole = `${file}.${process.pid}`
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(whole, Buffer.concat([Buffer.from(key), script.createCachedData()]), {
        mode: 0o600,
        flag: 'wx',
      })
      renameSync(whole, file)
    } catch {
      // Then the next run takes longer, too.
      rmSync(whole, { force: true })
    }
  }
}

// --- internal ---

const atExit = (status: number): void => {
  if (status === 0) writeBundles()
}

/** V8 refuses what another release or other flags have made. */
const thisNode = (): string => `${process.version}-${process.arch}-${sumOf(process.execArgv.join(' '))}`

/** The code in `file` if it was made from what `key` describes. */
const keptIn = (file: string, key: string): Buffer | undefined => {
  try {
    const kept = readFileSync(file)
    return kept.toString('latin1', 0, key.length) === key ? kept.subarray(key.length) : undefined
  } catch {
    return undefined
  }
}

/** A short name for a text: FNV-1a, 32 bits. */
const sumOf = (text: string): string => {
  let sum = 0x811c9dc5
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193)
  return (sum >>> 0).toString(16)
}
