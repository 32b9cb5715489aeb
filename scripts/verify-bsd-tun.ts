// SPDX-License-Identifier: MIT
// Opens a tun(4) as a userspace data plane would, sends a datagram into it and reads it back after its address family
// word. scripts/verify-bsd runs it; exits with 0 if the packet came out correctly.
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { readSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { packetBehindWord } from '../packages/native/src/bsd/family-word.ts'
import type { BsdPlatform } from '../packages/native/src/bsd/machine.ts'
import { openBsdTun } from '../packages/native/src/bsd/tun.ts'

const patienceMs = 5000
const pollMs = 50
const platform = process.platform as BsdPlatform
const [local, remote] = ['198.18.9.1', '198.18.9.2']

/** One packet if there is one now. */
const readNow = (fd: number): Buffer | undefined => {
  const block = Buffer.alloc(2048)
  try {
    return block.subarray(0, readSync(fd, block))
  } catch (error) {
    // EHOSTDOWN: FreeBSD while the interface is still coming up.
    if (['EAGAIN', 'EHOSTDOWN'].includes((error as { code?: string }).code ?? '')) return undefined
    throw error
  }
}

const tun = openBsdTun(platform, platform === 'freebsd' ? 'wgqvtun' : 'tun', 1400)
try {
  console.log(`opened ${tun.name}`)
  const address = platform === 'freebsd' ? [`${local}/24`] : [local, remote]
  const { stderr } = spawnSync('ifconfig', [tun.name, 'inet', ...address, 'up'], { encoding: 'utf8' })
  console.log(`ifconfig ${tun.name} inet ${address.join(' ')} up ${stderr}`)
  const socket = createSocket('udp4')
  let seen: Buffer | undefined
  for (const deadline = Date.now() + patienceMs; !seen && Date.now() < deadline; await sleep(pollMs)) {
    socket.send('wgq', 9, remote)
    const read = readNow(tun.fd)
    const packet = read && packetBehindWord(platform, read)
    if (read && !packet) console.log(`passed over: ${read.toString('hex', 0, 24)}`)
    if (packet?.subarray(-3).toString() === 'wgq') seen = read
  }
  socket.close()
  console.log(seen ? `read ${seen.toString('hex')}` : 'nothing came')
  process.exitCode = seen ? 0 : 1
} finally {
  tun.close()
}
