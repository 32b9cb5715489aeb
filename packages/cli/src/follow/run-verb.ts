// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { thisProgram } from '../as-root.ts'
import { knownNamesVariable } from '../observe/endpoint-lookup.ts'
import type { Requests } from '../observe/requests.ts'

/**
 * Runs another verb to its end and resolves to its exit status. It runs in a separate process, which reads the file
 * again and keeps this process small. With `requests`, a request to stop is passed on to the process; otherwise it has
 * its own session, so that a second Ctrl-C does not interrupt it.
 */
export const runVerb = (
  words: readonly string[],
  {
    requests,
    capture = false,
    follows = false,
  }: { requests?: Requests; capture?: boolean | undefined; follows?: boolean } = {},
): Promise<{ readonly status: number; readonly stdout: string }> => {
  // The data plane would notify the service manager in our place and become the main process of the service.
  const { NOTIFY_SOCKET: _, ...env } = process.env
  const child = spawn(join(thisProgram().binDirectory, 'wgq'), words, {
    // Messages of the data plane are part of this program's output.
    env: {
      WGQ_LOG_TO: 'stderr',
      ...env,
      ...(follows && { [knownNamesVariable]: '1' }),
      ...(capture && { WG_ENDPOINT_RESOLUTION_RETRIES: '0' }),
    },
    stdio: capture ? ['ignore', 'pipe', 'ignore'] : 'inherit',
    detached: requests === undefined,
  })
  let stdout = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const pass = (): void => {
    child.kill('SIGTERM')
  }
  requests?.stop.addEventListener('abort', pass)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => {
      requests?.stop.removeEventListener('abort', pass)
      resolve({ status: status ?? 1, stdout })
    })
  })
}
