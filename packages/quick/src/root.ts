// SPDX-License-Identifier: MIT
import { signalStatus } from './run/failure.ts'

/** What is run again as root. */
interface RootCall {
  /** How the prompt names the program. */
  readonly program: string
  /** The program itself, as a path. */
  readonly script: string
  /** Upstream names its shell before its script: the shell's path, for the same words under the same name. */
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
 * Runs a call again as root and resolves to its exit status; undefined where the process is root already. Where there is
 * no sudo (doas on OpenBSD), 1 with a line on standard error, or 127 as upstream where its shell is named.
 */
export const asRoot = (call: RootCall, print: (text: string) => void): Promise<number> | undefined => {
  if (process.geteuid?.() === 0) return undefined
  const [command = '', ...args] = rootCommand(call, process.platform)
  return new Promise((resolve) => {
    const child = process.getBuiltinModule('node:child_process').spawn(command, args, { stdio: 'inherit' })
    // Ctrl-C reaches the child as well; it decides what to do about it.
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    child.on('error', () => {
      if (call.shell === undefined) {
        print(`${call.program}: ${command} is not installed\n  hint: run the command as root\n`)
        resolve(1)
        return
      }
      // Upstream's words and status, which are its shell's.
      print(`${call.program}: exec: ${command}: not found\n`)
      resolve(127)
    })
    child.on('exit', (code, signal) => resolve(code ?? signalStatus(signal as NodeJS.Signals)))
  })
}
