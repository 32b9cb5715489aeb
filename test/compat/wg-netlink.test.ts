// SPDX-License-Identifier: MIT
// The verbs of wg against a kernel whose answers were recorded: what Debian's wg printed and sent is what ours prints and
// sends, to the byte.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { KernelDevices } from '../../packages/backends/src/linux/kernel-devices.ts'
import type { Handler } from '../../packages/cli/src/command.ts'
import { fatal } from '../../packages/cli/src/fatal.ts'
import { run as set } from '../../packages/cli/src/verbs/set.ts'
import { run as setconf } from '../../packages/cli/src/verbs/setconf.ts'
import { run as show } from '../../packages/cli/src/verbs/show.ts'
import { WgqError } from '../../packages/model/src/error.ts'
import { netlinkGeneric } from '../../packages/netlink/src/protocol.ts'
import { acknowledgement, ReplaySocket, withSequence } from '../../packages/netlink/src/replay-socket.ts'

const seen = vi.hoisted(() => ({ devices: undefined as unknown, stdout: '', stderr: '' }))
vi.mock('../../packages/backends/src/devices.ts', () => ({
  openDevices: () => seen.devices,
  openDevicesAsWg: () => seen.devices,
}))
vi.mock('../../packages/cli/src/output.ts', () => ({
  writeOut: (text: string) => {
    seen.stdout += text
  },
  writeErr: (text: string) => {
    seen.stderr += text
  },
  writeErrBytes: (text: string) => {
    seen.stderr += text
  },
}))

type Recording = Readonly<Record<string, string>>

const fixtures = new URL('../../packages/netlink/src/fixtures/', import.meta.url)
const recordings: Recording[] = JSON.parse(readFileSync(new URL('wg-netlink.json', fixtures), 'utf8'))
const links: string[] = JSON.parse(readFileSync(new URL('rtnetlink.json', fixtures), 'utf8')).links

/** Errors of the recorded kernel, where it did not answer with messages: to the family, to GET, to SET number n. */
const refusals: Readonly<Record<string, { family?: number; get?: number; set?: readonly number[] }>> = {
  'get-enodev': { get: 19 },
  'get-eopnotsupp': { get: 95 },
  'show-15-ifname': { get: 19 },
  'nofamily-show': { family: 2 },
  'set-eaddrinuse': { set: [98] },
  'set-error-first': { set: [19] },
  'setconf-error-second-message': { set: [0, 22] },
}

const lines = (text = ''): string[] => text.split('\n').filter(Boolean)
/** Sequence numbers are times: of no interest. */
const withoutTime = (hex: string): string => `${hex.slice(0, 16)}00000000${hex.slice(24)}`

const generic = (recording: Recording): ReplaySocket => {
  const refusal = refusals[recording['name'] as string] ?? {}
  let count = 0
  return new ReplaySocket(({ type, sequence, bytes }) => {
    if (type === 0x10 && refusal.family) return [acknowledgement(sequence, refusal.family)]
    if (type === 0x10) {
      const family = Buffer.from('1c00000010000000000000000000000001020000060001001f000000', 'hex')
      return [withSequence(family, sequence), acknowledgement(sequence)]
    }
    if (bytes[16] === 1) return [acknowledgement(sequence, refusal.set?.[count++] ?? 0)]
    if (refusal.get) return [acknowledgement(sequence, refusal.get)]
    return lines(recording['kernel-reply.hex']).map((hex) => withSequence(Buffer.from(hex, 'hex'), sequence))
  })
}

/** Knows one interface: lo, index 1. */
const route = (): ReplaySocket =>
  new ReplaySocket(({ sequence }) => links.map((hex) => withSequence(Buffer.from(hex, 'hex'), sequence)))

const handlers: Readonly<Record<string, Handler>> = { show, set, setconf, addconf: setconf }

describe('wg and a recorded kernel', () => {
  const before = process.cwd()
  const folder = mkdtempSync(join(tmpdir(), 'wgq-netlink-'))
  beforeAll(() => process.chdir(folder))
  afterAll(() => {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  })

  it.each(recordings.map((one) => [one['name'] as string, one] as const))('%s', async (name, recording) => {
    for (const file of ['c.conf', 'psk'])
      if (recording[file] !== undefined) writeFileSync(file, recording[file], { mode: 0o600 })
    const sockets: ReplaySocket[] = []
    seen.devices = new KernelDevices(({ protocol }) => {
      if (protocol !== netlinkGeneric) return route()
      if (name === 'genl-socket-eprotonosupport')
        throw new WgqError('E_NETLINK', 'Protocol not supported', { errno: 'EPROTONOSUPPORT' })
      const socket = generic(recording)
      sockets.push(socket)
      return socket
    })
    seen.stdout = ''
    seen.stderr = ''
    const [program = 'wg', verb = '', ...args] = (recording['argv'] as string).slice(0, -1).split('\n')
    const handler = handlers[verb] as Handler
    const status = await handler({ personality: 'wg', program, verb, args }).catch((error: unknown) =>
      fatal(error, 'wg'),
    )
    expect({ status, stdout: seen.stdout, stderr: seen.stderr }).toEqual({
      status: Number(recording['exit']),
      stdout: recording['stdout'],
      stderr: recording['stderr'],
    })
    const sent = sockets.flatMap((socket) => socket.sent.map((one) => Buffer.from(one).toString('hex')))
    expect(sent.map(withoutTime)).toEqual(lines(recording['sent.hex']).map(withoutTime))
  })
})
