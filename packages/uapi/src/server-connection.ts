// SPDX-License-Identifier: MIT

import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { monotonicMs } from '@wgq/model/monotonic'
import { type Connections, readTimeMs, requestTimeMs } from './connections.ts'
import { RequestBuffer } from './request-buffer.ts'
import type { ServedDevice } from './server-device.ts'
import { formatCounters, formatGetReply, formatHealth } from './server-get.ts'
import { SetRequest } from './server-set.ts'
import { tellSilences } from './server-silence.ts'

/** Runs one piece of work after the other, however many connections ask. */
export class Turns {
  private last: Promise<void> = Promise.resolve()

  take(work: () => Promise<void>): Promise<void> {
    const mine = this.last.then(work)
    this.last = mine.catch(() => undefined)
    return mine
  }
}

/** Lines of a set are applied for so long before the event loop gets a turn. */
const sliceMs = 5

/** What connections have in common. */
interface ServedTogether {
  readonly device: ServedDevice
  readonly turns: Turns
  readonly connections: Connections
  /** A request that was refused, for the log; never holds a key. */
  readonly onRefusal: (error: Error) => void
}

/**
 * Answers the requests of one connection until it ends: as many as the client likes, each closed by a blank line, one at a
 * time. A client that only connects and leaves (`wg` probes so) is not an error. A request that is none ends the connection.
 */
export const serveConnection = (socket: Socket, together: ServedTogether): void => {
  const { connections, onRefusal } = together
  const request = new RequestBuffer()
  let busy = false
  let ended = false

  const end = async (): Promise<void> => {
    // As in wireguard-go, a set that ends with the stream instead of a blank line counts.
    if (request.length > 0) await answer(request.take(), socket, together, 'only a set')
    socket.end()
  }
  /** Works off what arrived. Nothing more is read meanwhile. */
  const work = async (piece: Buffer): Promise<void> => {
    busy = true
    try {
      // The time runs from the first byte of a request.
      connections.hold(
        socket,
        request.length + piece.length,
        request.length === 0 ? requestTimeMs : undefined,
      )
      for (let rest = request.append(piece); rest !== undefined; rest = request.append(rest)) {
        socket.pause()
        await answer(request.take(), socket, together)
        if (socket.destroyed) return
        connections.hold(socket, rest.length, rest.length > 0 ? requestTimeMs : Number.POSITIVE_INFINITY)
      }
      busy = false
      if (ended) await end()
    } catch (error) {
      onRefusal(error as Error)
      socket.destroy()
    }
    socket.resume()
  }

  connections.add(socket)
  socket.on('error', () => socket.destroy())
  socket.on('data', (piece: Buffer) => void work(piece))
  socket.on('end', () => {
    ended = true
    if (!busy) void work(Buffer.alloc(0))
  })
}

// --- internal ---

const answer = async (
  lines: Generator<string>,
  socket: Socket,
  together: ServedTogether,
  which?: 'only a set',
): Promise<void> => {
  const { device, turns } = together
  const first = lines.next().value
  if (first === 'set=1') {
    let errno = 0
    await turns.take(async () => {
      errno = await applySet(lines, device, together.onRefusal)
    })
    await write([`errno=${-errno}\n\n`], socket, together)
    return
  }
  const alone = lines.next().done === true && which === undefined
  if (alone && first === 'get=1') {
    const pieces: string[] = []
    // Nobody changes the device meanwhile. A client that reads gets what is there, so that it sees the reply begin; for one
    // that does not, nobody waits in the turn.
    await turns.take(async () => {
      if (socket.destroyed) return
      let count = 0
      for (const piece of formatGetReply(device.read())) {
        if (socket.destroyed) return
        pieces.push(piece)
        if (socket.writableLength === 0) {
          together.connections.hold(socket, lengthOf(pieces), readTimeMs)
          socket.write(pieces.shift() as string, 'latin1')
        }
        if (++count > 1) await nextTurn()
      }
    })
    pieces.push('errno=0\n\n')
    await write(pieces, socket, together)
  } else if (alone && first === 'wgq_counters=1')
    await write([`${formatCounters(device.counters())}errno=0\n\n`], socket, together)
  else if (alone && first === 'wgq_peers=1')
    await write([`${formatHealth(device.health?.() ?? [])}errno=0\n\n`], socket, together)
  else if (alone && first === 'wgq_silence=1') tellSilences(socket, device)
  else socket.destroy()
}

/** Applies the lines of a set and returns 0 or the error number. */
const applySet = async (
  lines: Generator<string>,
  device: ServedDevice,
  onRefusal: (error: Error) => void,
): Promise<number> => {
  const request = new SetRequest(device)
  let sliceEnd = monotonicMs() + sliceMs
  let count = 0
  try {
    for (const line of lines) {
      request.line(line)
      if ((++count & 63) !== 0 || monotonicMs() < sliceEnd) continue
      await nextTurn()
      sliceEnd = monotonicMs() + sliceMs
    }
    request.finish()
    return 0
  } catch (error) {
    onRefusal(error as Error)
    return errnoNumber(error)
  } finally {
    device.commit()
  }
}

/** The number of a system error name; EIO for anything else. */
const errnoNumber = (error: unknown): number => {
  const { errno, code } = error as { errno?: unknown; code?: unknown }
  const numbers = constants.errno as Record<string, number>
  for (const name of [errno, code]) if (typeof name === 'string' && numbers[name]) return numbers[name]
  return constants.errno.EIO
}

/** Writes one piece after the other, each when the client has read enough of those before. */
const write = async (
  pieces: readonly string[],
  socket: Socket,
  { connections }: ServedTogether,
): Promise<void> => {
  let unread = lengthOf(pieces)
  for (const piece of pieces) {
    if (socket.destroyed) return
    connections.hold(socket, unread, readTimeMs)
    if (!socket.write(piece, 'latin1')) await drained(socket)
    unread -= piece.length
  }
}

const lengthOf = (pieces: readonly string[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0)

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      socket.off('drain', go)
      socket.off('close', go)
      resolve()
    }
    socket.on('drain', go)
    socket.on('close', go)
  })
