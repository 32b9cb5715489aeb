// SPDX-License-Identifier: MIT
import { readFileSync, writeFileSync } from 'node:fs'
import { openDevices } from '@wgq/backends/devices'
import { openHost } from '@wgq/backends/host'
import { readConfigFile } from '@wgq/config/config-file'
import { locate, worldAccessibleWarning } from '@wgq/config/locate'
import { readSettings } from '@wgq/config/settings'
import { systemContext } from '@wgq/config/wg/context'
import { readWgFile } from '@wgq/config/wg/read-file'
import { WgqError } from '@wgq/model/error'
import { childRunner, findProgram } from '@wgq/quick/child'
import type { Edges } from '@wgq/quick/edges'
import type { Session } from '@wgq/quick/session'
import { rerunAsRoot, thisProgram } from './as-root.ts'
import type { Invocation } from './command.ts'
import { writeErr, writeErrBytes } from './output.ts'
import { formatConf } from './show/conf.ts'

/**
 * Carries out up, down or save: as root, with the configuration read and signals held back until a step is complete.
 * Resolves to the exit status. Raises what finding and reading the configuration raise, and `E_USAGE`.
 */
export const runQuick = async (
  invocation: Invocation,
  work: (session: Session) => Promise<number>,
): Promise<number> => {
  const { args, verb, personality } = invocation
  const [argument] = args
  if (argument === undefined || args.length > 1)
    throw new WgqError(
      'E_USAGE',
      `${verb} takes one interface name or file, found ${args.length} arguments`,
      {
        hint: `wgq ${verb} wg0`,
      },
    )
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  const { name: program, script, binDirectory } = thisProgram()
  const location = locate(argument)
  if (location.worldAccessible) writeErr(`${worldAccessibleWarning(location.path)}\n`)
  const source = readConfigFile(location.path)
  const interruption: Session['interruption'] = {}
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      interruption.signal = signal
    })
  const edges = await openEdges(childEnvironment(binDirectory), personality !== 'wgq')
  try {
    return await work({
      edges,
      name: location.interfaceName,
      configPath: location.path,
      settings: readSettings(source.text, location.path),
      program,
      script,
      binDirectory,
      style: personality === 'wgq' ? 'wgq' : 'wg-quick',
      runDirectory,
      interruption,
    })
  } finally {
    edges.host.close()
  }
}

const openEdges = async (env: NodeJS.ProcessEnv, exact: boolean): Promise<Edges> => ({
  host: await openHost(),
  devices: openDevices(),
  run: childRunner(env, runDirectory),
  find: findProgram(env['PATH']),
  // The reading of wg wants one character per byte.
  readWgConfig: (text) =>
    readWgFile(
      Buffer.from(text).toString('latin1'),
      '/dev/fd/63',
      systemContext(exact, (line) => writeErrBytes(`${line}\n`)),
    ),
  formatConf,
  readSysctl: (key) => {
    try {
      return readFileSync(sysctlPath(key), 'latin1').trim()
    } catch {
      return undefined
    }
  },
  writeSysctl: (key, value) => writeFileSync(sysctlPath(key), value),
  env,
  print: writeErr,
})

/** Journals, locks and what hooks are made of. */
const runDirectory = '/run/wgq'

const sysctlPath = (key: string): string => `/proc/sys/${key.replaceAll('.', '/')}`

/** What children see: untranslated messages, and our own `wg` before any other (spec wg-quick §1.1). */
const childEnvironment = (binDirectory: string): NodeJS.ProcessEnv => ({
  ...process.env,
  LC_ALL: 'C',
  PATH: `${binDirectory}:${process.env['PATH'] ?? ''}`,
})
