// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { accessSync, constants as modes, statSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { Finished, RunChild } from './edges.ts'

/** A {@link RunChild} whose children see `env`. Descriptor 3 and the standard streams are set up as the options say. */
export const childRunner =
  (env: NodeJS.ProcessEnv): RunChild =>
  (program, args, options = {}) =>
    new Promise<Finished>((resolve) => {
      const child = spawn(program, args, {
        env: options.env ?? env,
        detached: options.detached ?? false,
        stdio: [
          options.input === undefined ? 'inherit' : 'pipe',
          options.capture ? 'pipe' : 'inherit',
          options.quiet ? 'ignore' : 'inherit',
          ...(options.script === undefined ? [] : ['pipe' as const]),
        ],
      })
      let stdout = ''
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text
      })
      feed(child.stdin, options.input)
      if (options.script !== undefined) {
        const pipe = child.stdio[3] as Writable & Readable
        feed(pipe, options.script)
      }
      // A daemon keeps the streams open that it inherited: only where output is collected does the end of it matter.
      child.on('error', (error: NodeJS.ErrnoException) =>
        resolve({ status: error.code === 'ENOENT' ? 127 : 126, stdout }),
      )
      child.on(options.capture ? 'close' : 'exit', (code, signal) =>
        resolve({ status: code ?? 128 + constants.signals[signal as NodeJS.Signals], stdout }),
      )
    })

/** Writes and closes; a child that does not read to the end is no error of ours. */
const feed = (pipe: Writable | null, text: string | undefined): void => {
  pipe?.on('error', () => {})
  pipe?.end(text)
}

/** Looks a program up in a PATH as a shell does; a name with a slash is taken as it is. */
export const findProgram =
  (path: string | undefined) =>
  (program: string): string | undefined => {
    if (program.includes('/')) return isProgram(program) ? program : undefined
    for (const directory of (path ?? '').split(delimiter)) {
      const candidate = join(directory || '.', program)
      if (isProgram(candidate)) return candidate
    }
    return undefined
  }

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, modes.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
