// SPDX-License-Identifier: MIT
import type { Socket } from 'node:net'
import type { ServedDevice } from './server-device.ts'

const listening = new WeakSet<Socket>()

/**
 * The answer to `wgq_silence=1`: `errno=0` at once, and again each time when a peer does not answer for two seconds, until the
 * client leaves. A client that has not read the last one gets no other.
 */
export const tellSilences = (socket: Socket, device: ServedDevice): void => {
  const tell = () => {
    if (socket.writableLength === 0) socket.write('errno=0\n\n')
  }
  tell()
  if (listening.has(socket)) return
  listening.add(socket)
  const stop = device.onSilence?.(tell)
  if (stop) socket.once('close', stop)
}
