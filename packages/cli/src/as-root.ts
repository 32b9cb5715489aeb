// SPDX-License-Identifier: MIT
import { realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { asRoot } from '@wgq/quick/root'
import { findProgram } from '@wgq/quick/run/search-path'
import type { Invocation } from './command.ts'
import { writeErr } from './output.ts'

/** How the program was started. */
interface Program {
  /** Name of the launcher; wg-quick's messages begin with it. */
  readonly name: string
  /** Path of the launcher with symbolic links resolved. */
  readonly script: string
  /** Directory of the sibling programs. */
  readonly binDirectory: string
}

/** The running program, derived from the launcher's path. */
export const thisProgram = (): Program => {
  const launcher = process.argv[2] ?? 'wgq'
  const script = resolved(launcher)
  return { name: basename(launcher), script, binDirectory: dirname(script) }
}

/** Runs the same command as root and returns its exit status; undefined if this process is already root. */
export const rerunAsRoot = ({ personality, verb, args }: Invocation): Promise<number> | undefined => {
  if (process.geteuid?.() === 0) return undefined
  const { name, script } = thisProgram()
  // Upstream is a bash script and shows bash on its sudo line.
  const shell = personality === 'wg-quick' ? findProgram('/bin:/usr/bin:/usr/local/bin')('bash') : undefined
  return asRoot(
    { program: name, script, args: [...verb.split(' '), ...args], ...(shell === undefined ? {} : { shell }) },
    writeErr,
  )
}

const resolved = (launcher: string): string => {
  try {
    return realpathSync(launcher)
  } catch {
    return launcher
  }
}
