// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel()
if (why) console.warn(`features/try: skipped: ${why}`)

describe.skipIf(why)('up --try', () => {
  let tunnel: LiveTunnel
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
  })
  afterAll(() => tunnel?.remove())

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

  test('a confirmed tunnel stays', async () => {
    tunnel.up('--try', '1')
    expect(tunnel.wgq('confirm', tunnel.device)).toMatchObject({ status: 0 })
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(tunnel.reaches(2)).toBe(true)
    expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
  })

  test('the guard of an earlier trial does not touch a later tunnel', async () => {
    tunnel.up('--try', '1')
    expect(tunnel.wgq('down', tunnel.configPath).status).toBe(0)
    tunnel.up()
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(tunnel.reaches(2)).toBe(true)
  })
})
