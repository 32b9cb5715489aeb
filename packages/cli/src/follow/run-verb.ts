// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { thisProgram } from '../as-root.ts'
import { knownNamesVariable } from '../observe/endpoint-lookup.ts'
import type { Requests } from '../observe/requests.ts'

/**
 * Runs another verb to its end and resolves to its exit status. It is a process of its own, so that each reads the file
 * anew and this one stays small. A request to stop is passed on to it where `requests` are given; otherwise it has a
 * session of its own, and an impatient second Ctrl-C does not break it off.
 */
export const runVerb = (
  words: readonly string[],
  {
    requests,
    capture = false,
    follows = false,
  }: { requests?: Requests; capture?: boolean | undefined; follows?: boolean } = {},
): Promise<{ readonly status: number; readonly stdout: string }> => {
  // The data plane would report itself in our place, and become the main process of the service.
  const { NOTIFY_SOCKET: _, ...env } = process.env
  const child = spawn(join(thisProgram().binDirectory, 'wgq'), words, {
    // What the data plane has to say belongs to this program's output.
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
