// SPDX-License-Identifier: MIT
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { constants } from 'node:os'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { childEnvironment, childScript } from '../../../test/support/child-script.ts'
import { type Oddities, oddKernel, whyNoOddKernel } from '../../../test/support/odd-kernel.ts'
import { testingAddon } from './testing.ts'

// A batch without segmentation: one message per packet, several messages per system call.

const packets = 20
const bytes = 400
const everyone = Array.from({ length: packets }, (_, i) => i)
const { EINVAL, EIO, EMSGSIZE, ENOBUFS, EPERM } = constants.errno

/** Returns the message numbers in order of arrival, and the sender's counters. */
const send = async (oddities: Oddities | undefined, source = 'none', segmentation = 'single') => {
  const socket = createSocket('udp4')
  try {
    const numbers: number[] = []
    socket.on('message', (message) => numbers.push(Number(message.readBigUInt64LE(8))))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const arguments_ = [socket.address().port, packets, bytes, source, segmentation].map(String)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [childScript('send-batch'), ...arguments_],
      {
        env: {
          ...process.env,
          ...childEnvironment,
          WGQ_ADDON: testingAddon,
          ...(oddities && oddKernel(oddities)),
        },
      },
    )
    // What was sent on loopback is queued here already; our own last datagram follows all of them.
    const last = new Promise((resolve) => socket.on('message', (m) => m.length === 16 && resolve(m)))
    const marker = createSocket('udp4')
    marker.send(Buffer.alloc(16, 0xff), socket.address().port, '127.0.0.1', () => marker.close())
    await last
    numbers.pop()
    return { numbers, counters: JSON.parse(stdout) as Record<string, number> }
  } finally {
    socket.close()
  }
}

test('a batch leaves whole, in order, with one system call', async () => {
  const { numbers, counters } = await send(undefined)
  expect(numbers).toEqual(everyone)
  expect(counters).toMatchObject({ udpDatagramsSent: packets, udpSends: 1, sendErrors: 0 })
})

test('a batch whose learned source is gone leaves whole without it', async () => {
  const { numbers, counters } = await send(undefined, 'lost')
  expect(numbers).toEqual(everyone)
  expect(counters).toMatchObject({ udpDatagramsSent: packets, sourceForgotten: 1, sendErrors: 0 })
})

const reason = whyNoOddKernel()
describe.skipIf(reason)(`a kernel that does less${reason ? ` (skipped: ${reason})` : ''}`, () => {
  test('takes a part of what it is given: the rest follows', async () => {
    const { numbers, counters } = await send({ WGQ_ODD_SENDMMSG: '3' })
    expect(numbers).toEqual(everyone)
    expect(counters).toMatchObject({ udpDatagramsSent: packets, udpSends: 7, sendErrors: 0 })
  })

  test.each([0, 7, packets - 1])('refuses message %i: no other is lost', async (refused) => {
    const { numbers, counters } = await send({ WGQ_ODD_REFUSED: `${refused}:${EPERM}:1` })
    expect(numbers).toEqual(everyone.filter((number) => number !== refused))
    expect(counters).toMatchObject({ udpDatagramsSent: packets - 1, sendErrors: 1, sendCongested: 0 })
  })

  test('refuses message 7 for good: no other is lost, a part at a time', async () => {
    const { numbers } = await send({ WGQ_ODD_REFUSED: `7:${EPERM}:99`, WGQ_ODD_SENDMMSG: '4' })
    expect(numbers).toEqual(everyone.filter((number) => number !== 7))
  })

  test('has no room for a moment: everything arrives', async () => {
    const { numbers, counters } = await send({ WGQ_ODD_REFUSED: `7:${ENOBUFS}:2` })
    expect(numbers).toEqual(everyone)
    expect(counters).toMatchObject({ udpDatagramsSent: packets, sendErrors: 0, sendCongested: 2 })
  })

  test('has no room for message 7 at all: it is given up, the others arrive', async () => {
    const { numbers, counters } = await send({ WGQ_ODD_REFUSED: `7:${ENOBUFS}:99` })
    expect(numbers).toEqual(everyone.filter((number) => number !== 7))
    expect(counters).toMatchObject({ udpDatagramsSent: packets - 1, sendErrors: 1 })
  })

  // Kernels before 6.14 return EINVAL where later ones return EMSGSIZE.
  test.each([EINVAL, EMSGSIZE])(
    'cuts nothing for this path (errno %i): all arrive, the source stays',
    async (errno) => {
      const { numbers, counters } = await send({ WGQ_ODD_SEGMENTS: `${errno}` }, 'kept', 'segmented')
      expect(numbers).toEqual(everyone)
      expect(counters).toMatchObject({
        sourceForgotten: 0,
        segmentationRefused: 1,
        sendErrors: 0,
        hasSource: true,
      })
    },
  )

  test('cuts nothing, and the source is gone too: all arrive without it', async () => {
    const { numbers, counters } = await send({ WGQ_ODD_SEGMENTS: `${EINVAL}` }, 'lost', 'segmented')
    expect(numbers).toEqual(everyone)
    expect(counters).toMatchObject({ sourceForgotten: 1, sendErrors: 0, hasSource: false })
  })

  test('cuts nothing for this device (EIO): all arrive', async () => {
    const { numbers, counters } = await send({ WGQ_ODD_SEGMENTS: `${EIO}` }, 'kept', 'segmented')
    expect(numbers).toEqual(everyone)
    expect(counters).toMatchObject({ sourceForgotten: 0, segmentationRefused: 1, hasSource: true })
  })
})
