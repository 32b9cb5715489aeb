// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commandLine } from '../support/command-line.ts'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'
import { onTerminal } from '../support/terminal.ts'

const why = whyNoTunnel()
if (why) console.warn(`features/try: skipped: ${why}`)

describe.skipIf(why)('up --try', () => {
  let tunnel: LiveTunnel
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
  })
  afterAll(() => tunnel?.remove())

  const guards = () =>
    tunnel.ns.pids().filter((pid) => commandLine(pid).includes(`try-guard ${tunnel.device} `))
  const guardEnds = () => until('the guard to end', () => guards().length === 0, 20_000)

  test('the tunnel goes down when nobody confirms, also when the shell that started it was killed', async () => {
    const shell = spawn(
      'setsid',
      [
        'ip',
        'netns',
        'exec',
        tunnel.ns.name,
        'bash',
        '-c',
        `${program('wgq')} up --try 3 ${tunnel.configPath}; sleep 60`,
      ],
      { stdio: 'ignore' },
    )
    await until('the guard', () => existsSync(`/run/wgq/${tunnel.device}.try`), 20_000)
    process.kill(-(shell.pid as number), 'SIGKILL')
    await tunnel.untilLink(false, 20_000)
    expect(tunnel.wgq('confirm', tunnel.device)).toMatchObject({ status: 1 })
  })

  test.each(['confirm', 'down'])('the guard, which holds keys, ends with `%s`', async (verb) => {
    tunnel.up('--try', '3000')
    expect(guards()).toHaveLength(1)
    expect(tunnel.wgq(verb, verb === 'down' ? tunnel.configPath : tunnel.device)).toMatchObject({ status: 0 })
    await guardEnds()
    if (verb === 'confirm') expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
  })

  test('a confirmed tunnel stays', async () => {
    tunnel.up('--try', '1')
    expect(tunnel.wgq('confirm', tunnel.device)).toMatchObject({ status: 0 })
    await guardEnds()
    expect(tunnel.reaches(2)).toBe(true)
    expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
  })

  test('the guard of an earlier trial does not touch a later tunnel', async () => {
    tunnel.up('--try', '1')
    expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
    tunnel.up()
    await guardEnds()
    expect(tunnel.reaches(2)).toBe(true)
  })

  test('nobody confirms a change of a running tunnel: the state before comes back, whatever became of the file', async () => {
    const { ns, device } = tunnel
    const state = () => [
      tunnel.wgq('show', device, 'dump').stdout.replace(/\t\d+\t\d+\t\d+\t/g, '\t'),
      ns.run('ip', 'rule'),
      ns.run('ip', 'route', 'show', 'table', 'all'),
      ns.run('nft', 'list', 'tables'),
    ]
    expect(tunnel.wgq('up', tunnel.configPath).status).toBe(0)
    const before = state()
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace('AllowedIPs = 10.60.0.2/32', 'AllowedIPs = 0.0.0.0/0, 10.60.0.2/32')
        .replace('ListenPort', 'FwMark = 0x321\nListenPort'),
    )
    const wgq = program('wgq')
    // The guard outlives the shell's command, and tells the terminal.
    const script = `${wgq} up --try 2 ${tunnel.configPath}; rm ${tunnel.configPath}; tail -f /dev/null --pid="$(pgrep -f "[n]ode.* try-guard ${device} ")"`
    const { raw } = await onTerminal(ns, ['sh', '-c', script], { columns: 120, rows: 40 })
    expect(raw).toContain(`${device} becomes what it was again in 2 s`)
    expect(raw).toContain(`wg set ${device} fwmark 801`)
    expect(raw).toContain(`[!] ${device} was not confirmed: it is what it was before.`)
    expect(state()).toEqual(before)
    tunnel.write(tunnel.defaultConfig())
    expect(tunnel.wgq('diff', tunnel.configPath)).toMatchObject({ status: 0, stdout: '' })
  })

  test('nobody confirms a change: the state before comes back also where the file has another name than the tunnel', async () => {
    const { device, configPath } = tunnel
    const secret = join(dirname(configPath), 'secret')
    const text = tunnel.defaultConfig()
    writeFileSync(secret, text, { mode: 0o600 })
    rmSync(configPath)
    symlinkSync(secret, configPath)
    tunnel.up()
    const before = tunnel.wgq('show', device, 'allowed-ips').stdout
    tunnel.write(text.replace('10.60.0.2/32', '10.60.0.2/32, 10.61.0.0/24'))
    tunnel.up('--try', '1')
    await guardEnds()
    expect(tunnel.wgq('show', device, 'allowed-ips').stdout).toBe(before)
    expect(tunnel.wgq('down', configPath).status).toBe(0)
  })
  test('a tunnel that cannot be taken back: the terminal shows why', async () => {
    const { ns, device, configPath } = tunnel
    tunnel.up()
    const script = `${program('wgq')} up --try 1 ${configPath}; guard="$(pgrep -f "[n]ode.* try-guard ${device} ")"; ip link delete ${device}; tail -f /dev/null --pid="$guard"`
    const { raw } = await onTerminal(ns, ['sh', '-c', script], { columns: 120, rows: 40 })
    expect(raw).toContain(`[!] \`${device}' is not a WireGuard interface.`)
    expect(raw).toContain(`[!] ${device} was not confirmed and could not be taken back (status 1)`)
  })
})
