// SPDX-License-Identifier: MIT
// `# SocketGroup`: who is in the group looks at a tunnel without being root, sees no key and changes nothing.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'

/** Nobody's, and a group that is on no machine. */
const user = 65534
const group = 64999
const identity = ['--reuid', `${user}`, '--regid', `${group}`, '--clear-groups']
const mayRun = spawnSync('setpriv', [...identity, program('wgq'), '--version']).status === 0
const why = whyNoTunnel() ?? (mayRun ? undefined : 'setpriv is missing, or nobody else may run the program')
if (why) console.warn(`features/socket-group: skipped: ${why}`)

const planes = [
  ['the process that brought it up', ''],
  // A hook keeps the two apart.
  ['a process of its own', 'PostUp = true\n'],
] as const
describe.skipIf(why).each(planes)('a group that may look at a tunnel of %s', (_, hook) => {
  let tunnel: LiveTunnel
  const presharedKey = randomBytes(32).toString('base64')
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace('[Interface]', `[Interface]\n${hook}# SocketGroup = ${group}`)
        .replace('[Peer]', `[Peer]\nPresharedKey = ${presharedKey}`),
    )
    tunnel.up()
  })
  afterAll(() => tunnel?.remove())

  const as = (groupId: number, name: 'wg' | 'wgq', ...args: string[]) =>
    tunnel.ns.tryRun('setpriv', [
      ...['--reuid', `${user}`, '--regid', `${groupId}`, '--clear-groups'],
      ...[program(name), ...args],
    ])

  test('sees state and counters, and no key', () => {
    expect(statSync(`/var/run/wireguard/${tunnel.device}.sock`).mode & 0o777).toBe(0o770)
    const alpha = tunnel.peers[0]?.publicKey as string
    for (const name of ['wg', 'wgq'] as const) {
      const { status, stdout, stderr } = as(group, name, 'show', tunnel.device, 'dump')
      expect([status, stderr]).toEqual([0, ''])
      expect(stdout).toContain(alpha)
      expect(stdout.split('\t')[0]).toBe('(none)')
    }
    const metrics = as(group, 'wgq', 'metrics', tunnel.device)
    expect([metrics.status, metrics.stdout.includes(alpha)]).toEqual([0, true])
    const shown =
      as(group, 'wg', 'showconf', tunnel.device).stdout +
      as(group, 'wg', 'show', tunnel.device, 'dump').stdout
    for (const secret of [tunnel.keys.privateKey, presharedKey]) {
      expect(shown).not.toContain(secret)
      expect(tunnel.ns.run(program('wg'), 'show', tunnel.device, 'dump')).toContain(secret)
    }
  })

  test('changes nothing', () => {
    const { status, stderr } = as(group, 'wg', 'set', tunnel.device, 'fwmark', '7')
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^Unable to modify interface: Operation not permitted/),
    ])
    expect(tunnel.ns.run(program('wg'), 'show', tunnel.device, 'fwmark').trim()).toBe('off')
  })

  test('goes and comes with the line of the file and a reload', () => {
    const withLine = tunnel.read()
    const reload = (text: string) => {
      tunnel.write(text)
      expect(tunnel.wgq('diff', tunnel.configPath).status).toBe(2)
      const done = tunnel.wgq('reload', tunnel.configPath)
      expect(done.status, done.stderr).toBe(0)
      expect(tunnel.wgq('diff', tunnel.configPath).status).toBe(0)
    }
    const shows = (groupId: number) => as(groupId, 'wg', 'show', tunnel.device, 'dump')
    reload(withLine.replace(/# SocketGroup.*\n/, ''))
    expect(shows(group).status).toBe(1)
    reload(withLine.replace(`SocketGroup = ${group}`, `SocketGroup = ${group + 1}`))
    expect(shows(group).status).toBe(1)
    expect(shows(group + 1).stdout.split('\t')[0]).toBe('(none)')
    expect(as(group + 1, 'wg', 'set', tunnel.device, 'fwmark', '7').status).toBe(1)
    reload(withLine)
    expect(shows(group).status).toBe(0)
  })

  test('that somebody let in by hand is left alone', () => {
    const withLine = tunnel.read()
    tunnel.write(withLine.replace(/# SocketGroup.*\n/, ''))
    tunnel.wgq('down', tunnel.configPath)
    tunnel.up()
    const path = `/var/run/wireguard/${tunnel.device}.sock`
    chownSync(path, 0, group)
    chmodSync(path, 0o770)
    expect(tunnel.wgq('diff', tunnel.configPath).status).toBe(0)
    expect(as(group, 'wg', 'show', tunnel.device, 'dump').stdout).toContain(tunnel.keys.privateKey)
    tunnel.wgq('down', tunnel.configPath)
    tunnel.write(withLine)
    tunnel.up()
  })

  test('and nobody else', () => {
    const { status, stderr } = as(user, 'wg', 'show', tunnel.device)
    expect([status, stderr]).toEqual([1, expect.stringMatching(/Permission denied/)])
  })
})
