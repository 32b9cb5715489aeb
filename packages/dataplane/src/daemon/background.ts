// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { failureLine } from './failure.ts'
import type { DaemonSettings } from './settings.ts'

/** Environment variable that tells the daemon which descriptor to say "ready" on, or why not. */
export const readyVariable = 'WGQ_READY_FD'

const readyWord = 'ready\n'

/** What the daemon writes once `wg` can talk to it. Anything else before the end of the stream is why it failed. */
export const readyText = readyWord

/**
 * Starts this program again as a daemon of its own session, never by fork (Node cannot), and waits until its interface and
 * socket are there. Returns the exit status for the caller and what to print: 0 and nothing, or 1 and the reason.
 */
export const startInBackground = (
  command: readonly string[],
  settings: DaemonSettings,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly status: number; readonly text: string }> => {
  // Descriptors handed to us are handed on; 3 is the pipe on which the daemon reports.
  const inherited = [settings.tunFd, settings.uapiFd].map((fd) => fd ?? ('ignore' as const))
  const chatty = settings.logLevel === 'debug' ? ('inherit' as const) : ('ignore' as const)
  const child = spawn(process.execPath, [...process.execArgv, ...command], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', chatty, chatty, 'pipe', ...inherited],
    env: {
      ...env,
      WG_PROCESS_FOREGROUND: '1',
      [readyVariable]: '3',
      ...(settings.tunFd === undefined ? {} : { WG_TUN_FD: '4' }),
      ...(settings.uapiFd === undefined ? {} : { WG_UAPI_FD: '5' }),
    },
  })
  return new Promise((resolve) => {
    // A process that could not be made has none.
    const report = child.stdio?.[3] as NodeJS.ReadableStream | undefined
    let text = ''
    const settle = () => {
      report?.removeAllListeners()
      child.unref()
      if (text === readyWord) resolve({ status: 0, text: '' })
      else resolve({ status: 1, text: text || 'wgqd: the daemon ended before it was ready\n' })
    }
    // Told after the end of the pipe, which says less.
    child.on('error', (error) => {
      text = failureLine(error)
      settle()
    })
    report?.on('data', (piece: Buffer) => {
      text += piece.toString()
      if (text === readyWord) settle()
    })
    report?.on('end', () => setImmediate(settle))
  })
}
