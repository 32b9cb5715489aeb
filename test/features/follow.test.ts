// SPDX-License-Identifier: MIT
// `wgq run` beside other programs: what they take from a full tunnel is put back, and the log says it in one line.
import { type ChildProcess, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FollowedTunnel } from '../support/followed-tunnel.ts'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'
import { makeTextKeys } from '../support/tunnel.ts'

const why = whyNoTunnel() ?? (spawnSync('nft', ['--version']).status === 0 ? undefined : 'nft is missing')
if (why) console.warn(`features/follow: skipped: ${why}`)

describe.skipIf(why)('a tunnel that is followed', () => {
  let followed: FollowedTunnel
  beforeAll(async () => {
    followed = await FollowedTunnel.open((config) =>
      config.replace(/AllowedIPs = .*/, 'AllowedIPs = 0.0.0.0/0'),
    )
  })
  afterAll(() => followed?.close())

  test.each([
    ['the rules', 'ip -4 rule delete table 51820; ip -4 rule delete table main suppress_prefixlength 0'],
    ['the route of the table', 'ip -4 route flush table 51820'],
    ['the firewall', 'nft flush ruleset'],
    ['the addresses', 'ip address flush dev DEV'],
    ['the link', 'ip link set DEV down'],
    ['the link, for a moment', 'ip link set DEV down; ip link set DEV up'],
    ['the mark', 'wg set DEV fwmark 0'],
    ['the allowed IPs', 'wg set DEV peer "$(wg show DEV peers | head -n 1)" allowed-ips 192.0.2.0/24'],
    ['the MTU, after that of the way outside', 'ip link set up1 mtu 1400'],
  ])('%s', async (_, disturb) => {
    const { tunnel } = followed
    const before = followed.log.length
    const news = () => followed.log.slice(before)
    tunnel.ns.run('sh', '-c', disturb.replaceAll('DEV', tunnel.device))
    expect(followed.isInSync()).toBe(false)
    await until('the repair', () => news().includes(': put right') && followed.isInSync(), 20_000)
    expect(news()).toMatch(new RegExp(`^wgq: ${tunnel.device}: .*: put right$`, 'm'))
  })
})

/** Waits until a process has not run for two seconds. */
const untilItRests = async ({ pid }: ChildProcess): Promise<void> => {
  const ticks = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ').slice(13, 15).join()
  let [seen, since] = [ticks(), Date.now()]
  await until(
    'the rest of the follower',
    () => {
      if (ticks() !== seen) [seen, since] = [ticks(), Date.now()]
      return Date.now() - since > 2000
    },
    60_000,
  )
}

describe.skipIf(why)('`wgq watch --follow` beside a tunnel', () => {
  test.each([
    ['while it looked', (_: ChildProcess, act: () => void) => act()],
    [
      'between two looks',
      (watch: ChildProcess, act: () => void) => {
        watch.kill('SIGSTOP')
        act()
        watch.kill('SIGCONT')
      },
    ],
  ])(
    'puts right what others took, also when the tunnel went and came again %s',
    async (_, unseen) => {
      const tunnel = await LiveTunnel.open()
      try {
        tunnel.write(tunnel.defaultConfig().replace(/AllowedIPs = .*/, 'AllowedIPs = 0.0.0.0/0'))
        tunnel.up()
        let log = ''
        const watch = tunnel.ns.start(program('wgq'), ['watch', '--follow', tunnel.device], {
          WG_QUICK_USERSPACE_IMPLEMENTATION: '',
        })
        for (const stream of [watch.stdout, watch.stderr])
          stream?.setEncoding('utf8').on('data', (text: string) => {
            log += text
          })
        const inSync = () => tunnel.wgq('diff', tunnel.configPath).status === 0
        await until('the first event', () => log.includes('"event":"up"'), 30_000)
        for (const round of ['first', 'again']) {
          const before = log.length
          tunnel.ns.run('ip', '-4', 'rule', 'delete', 'table', '51820')
          await until(
            `the repair, ${round}`,
            () => log.slice(before).includes(': put right') && inSync(),
            90_000,
          )
          if (round === 'again') break
          unseen(watch, () => {
            expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
            tunnel.up()
          })
          await until('the next event', () => log.slice(before).includes('"event":"up"'), 30_000)
          expect(log.slice(before)).toMatch(/"event":"down".*\n(.*\n)*.*"event":"up"/)
        }
        watch.kill('SIGTERM')
        await until('the end', () => watch.exitCode !== null, 20_000)
      } finally {
        tunnel.remove()
      }
    },
    300_000,
  )

  test('with --follow-file applies the file and its drop-ins when they change', async () => {
    const tunnel = await LiveTunnel.open()
    try {
      const folder = `${tunnel.configPath}.d`
      tunnel.write(tunnel.defaultConfig())
      tunnel.up()
      let log = ''
      const watch = tunnel.ns.start(program('wgq'), ['watch', '--follow', '--follow-file', tunnel.device], {
        WG_QUICK_USERSPACE_IMPLEMENTATION: '',
      })
      watch.stdout?.setEncoding('utf8').on('data', (text: string) => {
        log += text
      })
      const { publicKey } = makeTextKeys()
      const allowedIps = () => tunnel.ns.run('wg', 'show', tunnel.device, 'allowed-ips')
      await until('the first event', () => log.includes('"event":"up"'), 30_000)
      mkdirSync(folder)
      for (const wanted of ['10.99.1.0/24', '10.99.2.0/24']) {
        // Otherwise the look after its own change would find this one too.
        await untilItRests(watch)
        writeFileSync(
          join(folder, '10-branch.conf'),
          `[Peer]\nPublicKey = ${publicKey}\nAllowedIPs = ${wanted}\n`,
        )
        await until(wanted, () => allowedIps().includes(`${publicKey}\t${wanted}`), 30_000)
      }
      watch.kill('SIGTERM')
      await until('the end', () => watch.exitCode !== null, 20_000)
    } finally {
      tunnel.remove()
    }
  }, 150_000)
})
