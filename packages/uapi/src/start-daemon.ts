// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { readyText, readyVariable } from './ready.ts'

/** How to start a daemon in the background. */
interface DaemonStart {
  /** A script for the current Node.js, and its arguments. */
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Whether the daemon keeps writing to our output. */
  readonly chatty: boolean
  /** Descriptors that the daemon takes over: a TUN, a listening configuration socket. */
  readonly tunFd?: number | undefined
  readonly uapiFd?: number | undefined
  /** Returns the text to print if the process cannot be created. */
  readonly explain: (error: unknown) => string
}

/**
 * Starts a daemon in a new session, without fork (Node has none), and waits until its interface and socket exist.
 * Resolves to an exit status and the text to print: 0 and nothing, or 1 and the reason.
 */
export const startDaemon = (
  start: DaemonStart,
): Promise<{ readonly status: number; readonly text: string }> => {
  const { command, env, tunFd, uapiFd, explain } = start
  const output = start.chatty || env['WGQ_LOG_TO'] === 'stderr' ? ('inherit' as const) : ('ignore' as const)
  const child = spawn(process.execPath, [...process.execArgv, ...daemonFlags, ...command], {
    detached: true,
    cwd: '/',
    // 3 is the pipe on which the daemon reports.
    stdio: ['ignore', output, output, 'pipe', tunFd ?? 'ignore', uapiFd ?? 'ignore'],
    env: {
      ...env,
      WG_PROCESS_FOREGROUND: '1',
      [readyVariable]: '3',
      ...(tunFd === undefined ? {} : { WG_TUN_FD: '4' }),
      ...(uapiFd === undefined ? {} : { WG_UAPI_FD: '5' }),
    },
  })
  return new Promise((resolve) => {
    // A process that could not be created has no pipe.
    const report = child.stdio?.[3] as NodeJS.ReadableStream | undefined
    let text = ''
    const settle = () => {
      report?.removeAllListeners()
      child.unref()
      if (text === readyText) resolve({ status: 0, text: '' })
      else resolve({ status: 1, text: text || 'wgqd: the daemon ended before it was ready\n' })
    }
    // This event comes after the end of the pipe and has more information.
    child.on('error', (error) => {
      text = explain(error)
      settle()
    })
    report?.on('data', (piece: Buffer) => {
      text += piece.toString()
      if (text === readyText) settle()
    })
    report?.on('end', () => setImmediate(settle))
  })
}

// --- internal ---

/** The same flags as in the daemon's launcher. */
const daemonFlags = ['--max-semi-space-size=1', '--heap-growing-percent=50']
