// SPDX-License-Identifier: MIT
import { mkdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { createRequire, Module } from 'node:module'
import { basename, dirname, join } from 'node:path'
import type { Script } from 'node:vm'

// The cache of node:module (Node 22.1) holds only code compiled when a file is first run, not the functions called
// later, which are most of the work. A script's `createCachedData` at the end of a run holds both.

/** A bundle compiled in this run; `again` replaces the cached code of a failed run, which may be incomplete. */
interface Compiled {
  readonly script: Script
  readonly file: string
  readonly key: string
  readonly again: boolean
}

const compiled: Compiled[] = []

type Load = (module: Module, path: string) => void
type Wrapped = (
  exports: unknown,
  require: NodeJS.Require,
  module: Module,
  filename: string,
  directory: string,
) => void

/**
 * Compiles all bundles loaded from now on with the code cached in `directory` for this verb, which includes the
 * functions that the verb calls. Missing cache files are written at process exit.
 */
export const keepBundlesIn = (directory: string, verb: string): void => {
  const folder = join(directory, thisNode())
  // The verbs of `wg` do not get here, and need not load it.
  const vm = process.getBuiltinModule('node:vm')
  const extensions = createRequire(import.meta.url).extensions as Record<string, Load>
  extensions['.cjs'] = (module, path) => {
    const source = readFileSync(path, 'utf8')
    const file = join(folder, `${verb}-${basename(path)}-${sumOf(dirname(path))}`)
    const { ino, size, ctimeMs } = statSync(path)
    const key = `wgq ${ino} ${size} ${ctimeMs}`.padEnd(keyBytes - statusBytes)
    const { cachedData, failed = false } = keptIn(file, key)
    const script = new vm.Script(Module.wrap(source), {
      filename: path,
      ...(cachedData === undefined ? {} : { cachedData }),
    })
    const missing = cachedData === undefined || script.cachedDataRejected === true
    if (missing || failed) compiled.push({ script, file, key, again: !missing })
    const run = script.runInThisContext() as Wrapped
    run.call(module.exports, module.exports, createRequire(path), module, path, dirname(path))
  }
  process.once('exit', writeBundles)
}

/** Writes the code compiled in this run, which ends with `status`, to the cache. */
export const writeBundles = (status: number): void => {
  process.removeListener('exit', writeBundles)
  for (const { script, file, key, again } of compiled.splice(0)) {
    if (again && status !== 0) continue
    const whole = `${file}.${process.pid}`
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(
        whole,
        Buffer.concat([Buffer.from(key + statusWord(status)), script.createCachedData()]),
        {
          mode: 0o600,
          flag: 'wx',
        },
      )
      renameSync(whole, file)
    } catch {
      // The next run is slower too.
      remove(whole)
    }
  }
}

// --- internal ---

const remove = (path: string): void => {
  try {
    unlinkSync(path)
  } catch {
    // The file was not created.
  }
}

/** Length of the header before the code; V8 would copy unaligned data. */
const keyBytes = 80
const statusBytes = 8
const statusWord = (status: number): string => (status === 0 ? '     ok\n' : ' failed\n')

/** V8 rejects code from another release or other flags. */
const thisNode = (): string => `${process.version}-${process.arch}-${sumOf(process.execArgv.join(' '))}`

/** The code in `file` if it was compiled from what `key` describes, and whether the run that wrote it failed. */
const keptIn = (file: string, key: string): { readonly cachedData?: Buffer; readonly failed?: boolean } => {
  try {
    const kept = readFileSync(file)
    if (kept.toString('latin1', 0, key.length) !== key) return {}
    const failed = kept.toString('latin1', key.length, keyBytes) !== statusWord(0)
    return { cachedData: kept.subarray(keyBytes), failed }
  } catch {
    return {}
  }
}

/** A short hash of a text: FNV-1a, 32 bits. */
const sumOf = (text: string): string => {
  let sum = 0x811c9dc5
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193)
  return (sum >>> 0).toString(16)
}
