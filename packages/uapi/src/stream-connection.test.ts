// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { exchange } from './exchange.ts'
import { connectByStream } from './stream-connection.ts'

type Happening = 'readable' | 'writable'

/**
 * A stream of a daemon that accepts `atOnce` bytes of a request per turn and answers in pieces; an error in the list is
 * raised at its place, an empty piece is the end.
 */
const daemon = (answer: readonly (string | Error)[], atOnce = 5) => {
  const pieces = [...answer]
  const seen = { request: '', closed: false, watched: [] as Happening[] }
  let ready = () => {}
  const connect = (_path: string, onReady: () => void) => {
    ready = onReady
    return {
      receive: (into: Uint8Array) => {
        const piece = seen.request.endsWith('\n\n') ? pieces.shift() : undefined
        if (piece instanceof Error) throw piece
        return piece === undefined ? -1 : Buffer.from(into.buffer, into.byteOffset).write(piece, 'latin1')
      },
      send: (bytes: Uint8Array) => {
        const taken = Buffer.from(bytes).toString('latin1', 0, atOnce)
        seen.request += taken
        return taken.length
      },
      watch: (readable: boolean, writable: boolean) => {
        seen.watched = [
          ...(readable ? ['readable' as const] : []),
          ...(writable ? ['writable' as const] : []),
        ]
        if (seen.watched.length > 0) setImmediate(() => !seen.closed && ready())
      },
      close: () => {
        seen.closed = true
      },
    }
  }
  return { connect, seen }
}

const ask = async (answer: readonly (string | Error)[]) => {
  const { connect, seen } = daemon(answer)
  const lines: string[] = []
  const outcome = await exchange(connectByStream(connect, '/run/x'), 'set=1\nlisten_port=1\n\n', (line) =>
    lines.push(line),
  ).then(
    () => 'answered',
    (error) => error.errno,
  )
  return { outcome, lines, ...seen }
}

test('a request leaves as it is taken, and a reply comes in any pieces', async () => {
  expect(await ask(['err', 'no=0', '\n\n'])).toMatchObject({
    outcome: 'answered',
    lines: ['errno=0'],
    request: 'set=1\nlisten_port=1\n\n',
    closed: true,
  })
})

test('a daemon that ends early, and one that is gone', async () => {
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
  const broken = Object.assign(new Error('broken'), { code: 'EIO' })
  expect(await ask(['errno', ''])).toMatchObject({ outcome: 'EPROTO', closed: true })
  expect(await ask([reset])).toMatchObject({ outcome: 'EPROTO', closed: true })
  expect(await ask([broken])).toMatchObject({ outcome: 'EIO', closed: true })
})
