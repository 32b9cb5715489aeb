// SPDX-License-Identifier: MIT
// A machine that sleeps for three hours, and one whose clock goes back: its processes stop, and their clocks jump.
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FollowedTunnel } from '../support/followed-tunnel.ts'
import { whyNoTunnel } from '../support/implementation.ts'
import { until } from '../support/netns.ts'
import { oddKernel, whyNoOddKernel } from '../support/odd-kernel.ts'

const why = whyNoTunnel('nft') ?? whyNoOddKernel()
if (why) console.warn(`features/sleep: skipped: ${why}`)
const threeHours = 3 * 3600

describe.skipIf(why)('a machine whose clocks jump', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-sleep-'))
  const file = openSync(join(folder, 'ahead'), 'w+')
  /** Sets how far the wall clock and the clock that counts sleep are ahead, in seconds. */
  const setClocks = (wall: number, boot: number): void => {
    writeSync(file, new Uint8Array(BigInt64Array.of(BigInt(wall), BigInt(boot)).buffer), 0, 16, 0)
  }
  let followed: FollowedTunnel
  beforeAll(async () => {
    setClocks(0, 0)
    followed = await FollowedTunnel.open(
      (config) => config.replace('AllowedIPs = 10.60.0.2/32', 'AllowedIPs = 0.0.0.0/0'),
      oddKernel({ WGQ_ODD_CLOCK: join(folder, 'ahead') }),
    )
  }, 120_000)
  afterAll(async () => {
    await followed?.close()
    rmSync(folder, { recursive: true })
  })

  /** Stops every process of the machine while the clocks jump. */
  const jump = (wall: number, boot: number): void => {
    const pids = followed.tunnel.ns.pids()
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    setClocks(wall, boot)
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
  /** Seconds since 1970 of the last handshake with the first peer. */
  const lastHandshake = (): number =>
    Number(
      followed.tunnel
        .wgq('show', followed.tunnel.device, 'latest-handshakes')
        .stdout.split('\n')
        .find((line) => line.startsWith(followed.tunnel.peers[0]?.publicKey as string))
        ?.split('\t')[1],
    )

  test('sleeps for three hours: the keys have expired, and the first packet makes new ones', async () => {
    expect(followed.tunnel.reaches(2)).toBe(true)
    const before = lastHandshake()
    jump(threeHours, threeHours)
    await until('an answer', () => followed.tunnel.reaches(2), 30_000)
    expect(lastHandshake()).toBeGreaterThanOrEqual(before + threeHours)
    expect(followed.isInSync()).toBe(true)
  })

  test('gets its clock set back three hours: the next handshake is accepted as well', async () => {
    await until('an answer', () => followed.tunnel.reaches(2), 30_000)
    const before = lastHandshake()
    jump(0, threeHours)
    // The jump is noticed within ten seconds; the keys from before are not used after it.
    await until('another handshake', () => followed.tunnel.reaches(2) && lastHandshake() < before, 60_000)
    // The peer's own handshakes would heal it too, later.
    expect(followed.tunnel.peers[0]?.daemon.log).not.toContain('Handshake refused')
  })
})
