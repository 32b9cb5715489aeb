// SPDX-License-Identifier: MIT
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import type { ChildOptions, Finished, RunChild } from '@wgq/model/child'
import { Interrupted, signalStatus } from './failure.ts'
import { findProgram, searchPath } from './search-path.ts'

/**
 * A {@link RunChild} whose children have the environment `env`, with a PATH that does not depend on the current
 * directory. Scripts for descriptor 3 are briefly in `scratch`, which is private: Node's own pipes are sockets, which
 * bash cannot open by name.
 */
export const childRunner = (env: NodeJS.ProcessEnv, scratch: string): RunChild => {
  const start = starter(env, scratch)
  return async (program, args, options = {}) => {
    const first = await start(program, args, options)
    if (first.signal === undefined || !isQuestion(options)) return first
    // Ctrl-C reaches children too. A partial answer is useless: what exists would seem to be gone.
    const second = await start(program, args, options)
    if (second.signal !== undefined) throw new Interrupted(second.signal)
    return second
  }
}

/** Says whether a child is a mere query: its output is read, and it changes nothing. */
const isQuestion = ({ capture, quiet, input }: ChildOptions): boolean =>
  capture === true && quiet === true && input === undefined

/** How a child ended; `signal` is the signal that ended it. */
interface Ended extends Finished {
  readonly signal?: NodeJS.Signals
}

const starter =
  (env: NodeJS.ProcessEnv, scratch: string) =>
  (program: string, args: readonly string[], options: ChildOptions): Promise<Ended> =>
    new Promise<Ended>((resolve) => {
      const own = options.env ?? env
      const path = searchPath(own['PATH'], false)
      const file = program.includes('/') ? program : findProgram(path)(program)
      if (file === undefined) {
        resolve({ status: 127, stdout: '' })
        return
      }
      const script = options.script === undefined ? undefined : openScript(scratch, options.script)
      // Loaded only if a program is run: it takes milliseconds.
      const { spawn } = process.getBuiltinModule('node:child_process')
      const child = spawn(file, args, {
        argv0: program,
        env: { ...own, PATH: path },
        detached: options.detached ?? false,
        stdio: [
          options.input === undefined ? 'inherit' : 'pipe',
          options.capture ? 'pipe' : 'inherit',
          options.quiet ? 'ignore' : 'inherit',
          ...(script === undefined ? [] : [script]),
        ],
      })
      let stdout = ''
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text
      })
      feed(child.stdin, options.input)
      if (script !== undefined) closeSync(script)
      // A daemon keeps inherited streams open: their end matters only if output is collected.
      child.on('error', (error: NodeJS.ErrnoException) =>
        resolve({ status: error.code === 'ENOENT' ? 127 : 126, stdout }),
      )
      child.on(options.capture ? 'close' : 'exit', (code, signal) =>
        resolve({
          status: code ?? signalStatus(signal as NodeJS.Signals),
          stdout,
          ...(signal ? { signal } : {}),
        }),
      )
    })

/** A descriptor of an unlinked file with this text. */
const openScript = (directory: string, text: string): number => {
  const path = join(directory, `script.${process.pid}`)
  rmSync(path, { force: true })
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
  const fd = openSync(path, 'r')
  rmSync(path)
  return fd
}

/** Writes and closes; a child that does not read to the end is not our error. */
const feed = (pipe: Writable | null, text: string | undefined): void => {
  pipe?.on('error', () => {})
  pipe?.end(text)
}
