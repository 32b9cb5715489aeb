// SPDX-License-Identifier: MIT

import { openDevices } from '@wgq/backends/devices'
import type { Device } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import type { Handler } from '../command.ts'
import { staleAfterSeconds } from '../observe/device-events.ts'
import { pause } from '../observe/pause.ts'
import { peerKey, readIfThere } from '../observe/tunnels.ts'
import { lastValue, numberValue, parseArguments } from '../options.ts'
import { writeErr } from '../output.ts'
import { Progress } from '../progress.ts'

/** Exit status when the time was over. */
const timedOut = 4

/** wgq wait IF [--handshake] [--peer PEER] [--timeout SECONDS]. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const [name = ''] = parsed.operands
  const timeoutSeconds = numberValue(parsed, 'timeout', 0) ?? 30
  const word = lastValue(parsed, 'peer')
  const peer = word === undefined ? undefined : peerKey(name, word)
  const wantsHandshake = parsed.flags.has('handshake') || peer !== undefined
  const devices = openDevices()
  const deadline = timeoutSeconds === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutSeconds * 1000
  const what = wantsHandshake ? 'a handshake' : 'the interface'
  const progress = new Progress((seconds) => `${name}: waiting for ${what}, ${seconds} s`)
  try {
    for (;;) {
      const device = await readIfThere(devices, name)
      if (device && (!wantsHandshake || hasSession(device, peer))) return 0
      if (performance.now() >= deadline) return giveUp(name, device, timeoutSeconds, progress)
      await pause(0.1)
    }
  } finally {
    progress.end()
  }
}

const giveUp = (
  name: string,
  device: Device | undefined,
  timeoutSeconds: number,
  progress: Progress,
): number => {
  progress.end()
  const why = device ? 'no handshake' : 'it did not appear'
  writeErr(`wgq: ${name}: ${why} within ${timeoutSeconds} s\n  hint: \`wgq doctor ${name}\` says why\n`)
  return timedOut
}

const hasSession = (device: Device, peer: Key | undefined): boolean => {
  const oldest = BigInt(Math.floor(Date.now() / 1000) - staleAfterSeconds)
  return device.peers.some(
    ({ publicKey, lastHandshake }) =>
      (peer === undefined || publicKey === peer) && lastHandshake.seconds > oldest,
  )
}
