// SPDX-License-Identifier: MIT
import { realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { asRoot } from '@wgq/quick/root'
import { findProgram } from '@wgq/quick/run/child'
import type { Invocation } from './command.ts'
import { writeErr } from './output.ts'

/** The program as it was started. */
interface Program {
  /** Name of the launcher: what wg-quick's messages begin with. */
  readonly name: string
  /** The launcher, links resolved. */
  readonly script: string
  /** Where the sibling programs are. */
  readonly binDirectory: string
}

/** The running program, by the launcher's path. */
export const thisProgram = (): Program => {
  const launcher = process.argv[2] ?? 'wgq'
  const script = resolved(launcher)
  return { name: basename(launcher), script, binDirectory: dirname(script) }
}

/** Runs the same command as root; undefined where that is who we are. Resolves to its exit status. */
export const rerunAsRoot = ({ personality, verb, args }: Invocation): Promise<number> | undefined => {
  if (process.geteuid?.() === 0) return undefined
  const { name, script } = thisProgram()
  // Upstream is a script of bash and says so on its sudo line.
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
