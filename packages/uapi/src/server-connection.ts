// SPDX-License-Identifier: MIT
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ServedDevice } from './server-device.ts'
import { formatCounters, formatGetReply, formatHealth } from './server-get.ts'
import { SetRequest } from './server-set.ts'

/** Runs one piece of work after the other, however many connections ask. */
export class Turns {
  private last: Promise<void> = Promise.resolve()

  take(work: () => Promise<void>): Promise<void> {
    const mine = this.last.then(work)
    this.last = mine.catch(() => undefined)
    return mine
  }
}

/** A request longer than this ends the connection: four million allowed IPs. */
const mostRequestCharacters = 1 << 27
/** Lines of a set are applied for so long before the event loop gets a turn. */
const sliceMs = 5

/**
 * Answers the requests of one connection until it ends: as many as the client likes, each closed by a blank line. A
 * client that only connects and leaves (`wg` probes so) is no error. A request that is none ends the connection.
 */
export const serveConnection = (
  socket: Socket,
  device: ServedDevice,
  turns: Turns,
  onRefusal: (error: Error) => void,
): void => {
  let rest = ''
  let lines: string[] = []
  let characters = 0
  let answered: Promise<void> = Promise.resolve()
  let waiting = 0

  const submit = (): void => {
    const request = lines
    lines = []
    characters = 0
    if (++waiting > 4) socket.pause()
    answered = answered.then(() => turns.take(() => answer(request, socket, device, onRefusal)))
    answered = answered.finally(() => {
      if (--waiting <= 4) socket.resume()
    })
    answered.catch(() => socket.destroy())
  }

  socket.setEncoding('latin1')
  socket.on('error', () => socket.destroy())
  socket.on('data', (piece: string) => {
    const parts = (rest + piece).split('\n')
    rest = parts.pop() as string
    characters += piece.length
    if (characters > mostRequestCharacters) socket.destroy()
    for (const line of parts) {
      if (line !== '') lines.push(line)
      else if (lines.length > 0) submit()
      else socket.destroy()
    }
  })
  socket.on('end', () => {
    // As in wireguard-go, a set that ends with the stream instead of a blank line counts.
    if (lines[0] === 'set=1') submit()
    void answered.finally(() => socket.end())
  })
}

// --- internal ---

const answer = async (
  lines: readonly string[],
  socket: Socket,
  device: ServedDevice,
  onRefusal: (error: Error) => void,
): Promise<void> => {
  if (socket.destroyed && lines[0] !== 'set=1') return
  if (lines[0] === 'set=1') {
    const errno = await applySet(lines, device, onRefusal)
    await write(socket, `errno=${errno}\n\n`)
  } else if (lines.length === 1 && lines[0] === 'get=1') {
    for (const piece of formatGetReply(device.read())) {
      await write(socket, piece)
      await nextTurn()
      if (socket.destroyed) return
    }
    await write(socket, 'errno=0\n\n')
  } else if (lines.length === 1 && lines[0] === 'wgq_counters=1')
    await write(socket, `${formatCounters(device.counters())}errno=0\n\n`)
  else if (lines.length === 1 && lines[0] === 'wgq_peers=1')
    await write(socket, `${formatHealth(device.health?.() ?? [])}errno=0\n\n`)
  else socket.destroy()
}

/** Applies a set and returns 0 or the negative error number. */
const applySet = async (
  lines: readonly string[],
  device: ServedDevice,
  onRefusal: (error: Error) => void,
): Promise<number> => {
  const request = new SetRequest(device)
  let sliceEnd = performance.now() + sliceMs
  try {
    for (let i = 1; i < lines.length; i++) {
      request.line(lines[i] as string)
      if ((i & 63) !== 0 || performance.now() < sliceEnd) continue
      await nextTurn()
      sliceEnd = performance.now() + sliceMs
    }
    request.finish()
    return 0
  } catch (error) {
    onRefusal(error as Error)
    return -errnoNumber(error)
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

/** Writes and waits while the client reads slower than we produce. */
const write = (socket: Socket, text: string): Promise<void> =>
  new Promise((resolve) => {
    if (socket.destroyed || socket.write(text, 'latin1')) {
      resolve()
      return
    }
    const go = () => {
      socket.off('drain', go)
      socket.off('close', go)
      resolve()
    }
    socket.on('drain', go)
    socket.on('close', go)
  })
