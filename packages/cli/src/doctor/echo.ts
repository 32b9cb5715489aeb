// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { searchPath } from '@wgq/quick/run/search-path'

/**
 * Result of a probe of one size: `lost` also if the peer answers no echo; `too big` if this machine itself rejects the
 * size.
 */
type EchoResult = 'answered' | 'lost' | 'too big'

/** Sends an ICMP echo request that is never fragmented. Raises {@link NoEcho} if none can be sent. */
export type Echo = (
  target: { readonly family: 4 | 6; readonly address: string },
  packetBytes: number,
) => Promise<EchoResult>

/** Why no echo request can be sent, as a sentence. */
export class NoEcho extends Error {}

/** Length of the IP and ICMP headers, which `ping -s` does not count. */
const headerBytes = { 4: 28, 6: 48 } as const

/**
 * Probes with the `ping` of iputils, which needs no root where the system lets users ping: two requests 0.2 s apart,
 * one second for the answer. `mark` is that of the tunnel's encrypted packets; 0 for none.
 */
export const pingWith =
  (mark: number): Echo =>
  async ({ family, address }, packetBytes) => {
    const words = [
      ...['-n', `-${family}`, '-c', '2', '-i', '0.2', '-W', '1', '-M', 'do'],
      ...(mark === 0 ? [] : ['-m', String(mark)]),
      ...['-s', String(packetBytes - headerBytes[family]), address],
    ]
    const { status, text } = await finish('ping', words)
    if (status === 0) return 'answered'
    if (/message too long/i.test(text)) return 'too big'
    if (/(?:invalid|unrecognized) option|usage:/i.test(text))
      throw new NoEcho('the ping that is installed cannot forbid fragments: that of iputils can')
    if (/not permitted|permission denied/i.test(text)) throw new NoEcho('this user may not ping')
    return 'lost'
  }

const finish = (
  command: string,
  words: readonly string[],
): Promise<{ readonly status: number | null; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      env: { PATH: searchPath(process.env['PATH'], true), LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('latin1').on('data', (piece: string) => {
        text += piece
      })
    child.once('error', () => reject(new NoEcho('ping is not installed')))
    child.once('close', (status) => resolve({ status, text }))
  })
