// SPDX-License-Identifier: MIT
import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { openHost } from '@wgq/backends/host'
import { readConfigFile } from '@wgq/config/config-file'
import { locate, worldAccessibleWarning } from '@wgq/config/locate'
import { readSettings } from '@wgq/config/settings'
import { systemContext } from '@wgq/config/wg/context'
import { readWgFile } from '@wgq/config/wg/read-file'
import { WgqError } from '@wgq/model/error'
import { childRunner, findProgram } from '@wgq/quick/child'
import type { Edges } from '@wgq/quick/edges'
import { asRoot } from '@wgq/quick/root'
import type { Session } from '@wgq/quick/session'
import type { Invocation } from './command.ts'
import { openDevices } from './devices.ts'
import { writeErr, writeErrBytes } from './output.ts'

/**
 * Carries out up, down or save: as root, with the configuration read and signals held back until a step is complete.
 * Resolves to the exit status. Raises what finding and reading the configuration raise, and `E_USAGE`.
 */
export const runQuick = async (
  invocation: Invocation,
  work: (session: Session) => Promise<number>,
): Promise<number> => {
  const launcher = process.argv[2] ?? invocation.program
  const script = resolved(launcher)
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
  const program = basename(launcher)
  const env = childEnvironment(dirname(script))
  const find = findProgram(env['PATH'])
  const shell = personality === 'wgq' ? undefined : find('bash')
  const call = { program, script, args: [verb, ...args], ...(shell === undefined ? {} : { shell }) }
  const elsewhere = asRoot(call, writeErr)
  if (elsewhere) return elsewhere
  const location = locate(argument)
  if (location.worldAccessible) writeErr(`${worldAccessibleWarning(location.path)}\n`)
  const source = readConfigFile(location.path)
  const interruption: Session['interruption'] = {}
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      interruption.signal = signal
    })
  const edges = await openEdges(env, personality !== 'wgq')
  try {
    return await work({
      edges,
      name: location.interfaceName,
      configPath: location.path,
      settings: readSettings(source.text, location.path),
      program,
      script,
      binDirectory: dirname(script),
      style: personality === 'wgq' ? 'wgq' : 'wg-quick',
      runDirectory: '/run/wgq',
      interruption,
    })
  } finally {
    edges.host.close()
  }
}

const openEdges = async (env: NodeJS.ProcessEnv, exact: boolean): Promise<Edges> => ({
  host: await openHost(),
  devices: await openDevices(),
  run: childRunner(env),
  find: findProgram(env['PATH']),
  // The reading of wg wants one character per byte.
  readWgConfig: (text) =>
    readWgFile(
      Buffer.from(text).toString('latin1'),
      '/dev/fd/63',
      systemContext(exact, (line) => writeErrBytes(`${line}\n`)),
    ),
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

const sysctlPath = (key: string): string => `/proc/sys/${key.replaceAll('.', '/')}`

/** What children see: untranslated messages, and our own `wg` before any other (spec wg-quick §1.1). */
const childEnvironment = (binDirectory: string): NodeJS.ProcessEnv => ({
  ...process.env,
  LC_ALL: 'C',
  PATH: `${binDirectory}:${process.env['PATH'] ?? ''}`,
})

const resolved = (launcher: string): string => {
  try {
    return realpathSync(launcher)
  } catch {
    return launcher
  }
}
