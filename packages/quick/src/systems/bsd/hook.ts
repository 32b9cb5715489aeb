// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Op } from '@wgq/model/operation'
import { Failure } from '../../run/failure.ts'
import { hookScript, quote } from '../../run/hooks.ts'
import type { Session } from '../../session.ts'

/**
 * The operations of hooks: `%i` is the system's own name, `%I` the configuration's (spec wg-quick §5; on FreeBSD both are
 * the same).
 */
export const planHooks = (name: string, real: string, hooks: readonly string[]): Op[] =>
  hooks.map((text) => ({
    do: 'hook.run',
    command: text.replaceAll('%i', () => real).replaceAll('%I', () => name),
  }))

/**
 * Runs a hook in bash if installed, else in the system's sh with the same options. The script is passed in a private
 * file, because /dev/fd/3 does not exist on every BSD. Raises {@link Failure} with the hook's status.
 */
export const runHook = async (command: string, session: Session): Promise<void> => {
  const { dependencies } = session
  const bash = dependencies.find('bash')
  const directory = mkdtempSync(join(tmpdir(), 'wgq-'))
  try {
    const file = join(directory, 'hook')
    const script = bash ? hookScript(command, session) : `${plainScript(session)}${command}\n`
    writeFileSync(file, script, { mode: 0o600 })
    const { status } = bash
      ? await dependencies.run('bash', ['-e', '-o', 'pipefail', '-O', 'extglob', file])
      : await dependencies.run('sh', ['-e', '-o', 'pipefail', file])
    if (status !== 0) throw new Failure(status)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The part of upstream's environment that a POSIX shell supports: the scalar variables. */
const plainScript = (session: Session): string =>
  [
    `PROGRAM=${quote(session.program)}`,
    `CONFIG_FILE=${quote(session.configPath)}`,
    `INTERFACE=${quote(session.name)}`,
    '',
  ].join('\n')
