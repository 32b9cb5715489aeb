// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'

/** Result of a finished command. */
export interface CommandResult {
  /** Exit status; 127 when the program does not exist, 128 + signal number when a signal ended it. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** How a command is run. */
export interface CommandOptions {
  /** Given to its standard input; nothing unless set. */
  readonly stdin?: string
  /** Lets standard error go to the user's terminal instead of into the result. */
  readonly showErrors?: boolean
}

/** Runs the system's own tools; tests use a simulated system instead. `argv[0]` is looked up in PATH. */
export interface CommandRunner {
  run(argv: readonly string[], options?: CommandOptions): Promise<CommandResult>
}

/** Runs real processes under LC_ALL=C, so that their texts can be parsed. Never raises: a missing program is status 127. */
export const systemRunner: CommandRunner = {
  run: ([program = '', ...args], options = {}) =>
    new Promise((resolve) => {
      const child = spawn(program, args, {
        stdio: ['pipe', 'pipe', options.showErrors ? 'inherit' : 'pipe'],
        env: { ...process.env, LC_ALL: 'C' },
      })
      const stdout: Buffer[] = []
      const stderr: Buffer[] = []
      child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
      child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk))
      const finish = (status: number, extra = '') =>
        resolve({
          status,
          stdout: Buffer.concat(stdout).toString(),
          stderr: Buffer.concat(stderr).toString() + extra,
        })
      child.on('error', (error: NodeJS.ErrnoException) =>
        finish(error.code === 'ENOENT' ? 127 : 126, `${program}: ${error.code ?? error.message}\n`),
      )
      child.on('close', (code, signal) => finish(code ?? (signal ? 128 : 1)))
      // A program that reads nothing closes its end early; that is not an error.
      child.stdin?.on('error', () => {})
      child.stdin?.end(options.stdin ?? '')
    }),
}
