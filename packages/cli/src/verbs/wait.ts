// SPDX-License-Identifier: MIT

import { openDevices } from '@wgq/backends/devices'
import { openHost } from '@wgq/backends/host'
import type { Device, DeviceAccess } from '@wgq/model/device'
import { isWgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import { visible } from '@wgq/model/shown'
import { runDirectory } from '@wgq/quick/run/directory'
import { readJournal } from '@wgq/quick/run/journal'
import type { Handler } from '../command.ts'
import { staleAfterSeconds } from '../observe/device-events.ts'
import { pause } from '../observe/pause.ts'
import { peerKey, readIfThere } from '../observe/tunnels.ts'
import { numberValue, oneValue, parseArguments } from '../options.ts'
import { writeErr } from '../output.ts'
import { Progress } from '../progress.ts'

/** Exit status after a timeout. */
const timedOut = 4

/** wgq wait IF [--up] [--handshake] [--peer PEER] [--timeout SECONDS]. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const [name = ''] = parsed.operands
  const timeoutSeconds = numberValue(parsed, 'timeout', 0) ?? 30
  const word = oneValue(parsed, 'peer')
  const peer = word === undefined ? undefined : peerKey(name, word)
  const wantsHandshake = parsed.flags.has('handshake') || peer !== undefined
  const wantsUp = parsed.flags.has('up')
  // A daemon that does not answer must not extend the timeout.
  if (timeoutSeconds > 0 && timeoutSeconds < 5) process.env['WGQ_SOCKET_TIMEOUT'] ??= String(timeoutSeconds)
  const devices = openDevices()
  const host = wantsUp ? await openHost() : undefined
  const deadline = timeoutSeconds === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutSeconds * 1000
  const what = wantsHandshake ? 'a handshake' : 'the interface'
  const progress = new Progress((seconds) => `${name}: waiting for ${what}, ${seconds} s`)
  let asked = false
  try {
    for (;;) {
      const device = await readIfThere(devices, name)
      const isThere = device && (!wantsUp || (await isUp(host, name)))
      if (isThere && (!wantsHandshake || hasSession(device, peer))) return 0
      if (isThere && !asked) {
        asked = true
        await callPeers(devices, device, peer)
      }
      if (performance.now() >= deadline) {
        const why = isThere ? 'no handshake' : device ? 'it was not brought up' : 'it did not appear'
        return giveUp(name, why, timeoutSeconds, progress)
      }
      await pause(0.1)
    }
  } finally {
    progress.end()
    host?.close()
  }
}

/**
 * Sends an empty keepalive to peers without a session, which starts a handshake: an idle tunnel without traffic for 180
 * s is still healthy. Turning on the persistent keepalive sends one; the same request turns it off again. Without
 * permission to change the device, only waits.
 */
const callPeers = async (devices: DeviceAccess, device: Device, peer: Key | undefined): Promise<void> => {
  const silent = device.peers.filter(
    ({ publicKey, endpoint, keepaliveSeconds }) =>
      endpoint && keepaliveSeconds === 0 && (peer === undefined || publicKey === peer),
  )
  if (silent.length === 0) return
  const set = (keepaliveSeconds: number) =>
    silent.map(({ publicKey }) => ({ publicKey, updateOnly: true, keepaliveSeconds }))
  try {
    await devices.change(device.name, { peers: [...set(briefKeepaliveSeconds), ...set(0)] })
  } catch (error) {
    if (!isWgqError(error)) throw error
  }
}

/** Any value works: it is turned off before it takes effect. */
const briefKeepaliveSeconds = 25

const giveUp = (name: string, why: string, timeoutSeconds: number, progress: Progress): number => {
  progress.end()
  writeErr(
    `wgq: ${visible(name)}: ${why} within ${timeoutSeconds} s\n  hint: \`wgq doctor ${visible(name)}\` says why\n`,
  )
  return timedOut
}

/** Whether the link is up and no command is changing the tunnel. */
const isUp = async (host: Host | undefined, name: string): Promise<boolean> => {
  const link = await host?.link(name)
  return link?.up === true && (readJournal(runDirectory, name)?.state ?? 'up') === 'up'
}

const hasSession = (device: Device, peer: Key | undefined): boolean => {
  const oldest = BigInt(Math.floor(Date.now() / 1000) - staleAfterSeconds)
  return device.peers.some(
    ({ publicKey, lastHandshake }) =>
      (peer === undefined || publicKey === peer) && lastHandshake.seconds > oldest,
  )
}
