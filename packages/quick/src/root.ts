// SPDX-License-Identifier: MIT
import { signalStatus } from './run/failure.ts'

/** The call to run again as root. */
interface RootCall {
  /** The program's name in the prompt. */
  readonly program: string
  /** The program itself, as a path. */
  readonly script: string
  /** Path of the shell that upstream names before its script, to print the same words under the same name. */
  readonly shell?: string
  /** Verb and arguments. */
  readonly args: readonly string[]
}

/** The command line that runs a call as root: sudo, doas on OpenBSD (spec wg-quick §1.2). */
const rootCommand = (call: RootCall, platform: NodeJS.Platform): string[] => {
  const inner = [...(call.shell === undefined ? [] : [call.shell, '--']), call.script, ...call.args]
  if (platform === 'openbsd') return ['doas', '--', ...inner]
  const prompt = `${call.program} must be run as root. Please enter the password for %u to continue: `
  return ['sudo', '-p', prompt, '--', ...inner]
}

/**
 * Runs a call again as root and resolves to its exit status; undefined if the process is root already. Without sudo
 * (doas on OpenBSD), resolves to 1 and prints a line on standard error, or to 127 as upstream if its shell is named.
 */
export const asRoot = (call: RootCall, print: (text: string) => void): Promise<number> | undefined => {
  if (process.geteuid?.() === 0) return undefined
  const [command = '', ...args] = rootCommand(call, process.platform)
  return new Promise((resolve) => {
    const child = process.getBuiltinModule('node:child_process').spawn(command, args, { stdio: 'inherit' })
    // Ctrl-C reaches the child as well, which handles it.
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    child.on('error', () => {
      if (call.shell === undefined) {
        print(`${call.program}: ${command} is not installed\n  hint: run the command as root\n`)
        resolve(1)
        return
      }
      // Upstream's words and status, which come from its shell.
      print(`${call.program}: exec: ${command}: not found\n`)
      resolve(127)
    })
    child.on('exit', (code, signal) => resolve(code ?? signalStatus(signal as NodeJS.Signals)))
  })
}
