// SPDX-License-Identifier: MIT
// A data plane that cannot come up is an `up` that fails, as with the kernel's driver.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { whyNoTunnel } from '../support/implementation.ts'
import { whyNoPrivateRun } from '../support/private-run.ts'
import { QuickLab, tunnel } from '../support/quick-lab.ts'
import { UdpPort } from '../support/udp-port.ts'

const why = whyNoPrivateRun() ?? whyNoTunnel('unshare')
if (why) console.log(`listening tests skipped: ${why}`)

describe.skipIf(why)('a port that somebody else has', () => {
  let lab: QuickLab
  beforeEach(() => {
    lab = new QuickLab()
    lab.env['WG_QUICK_USERSPACE_IMPLEMENTATION'] = ''
  })
  afterEach(() => lab.remove())

  it.each([
    ['wgq', ['up'], '0.0.0.0'],
    ['wg-quick', ['up'], '0.0.0.0'],
    ['wgq', ['up'], '::'],
  ] as const)('%s %s fails and leaves nothing (%s)', async (program, verb, address) => {
    const path = lab.configure('wg0', tunnel('10.8.0.2/24', '10.8.0.0/24', ['ListenPort = 51820']))
    const holder = await UdpPort.open(lab.ns, address, 51820)
    const before = lab.snapshot()
    const done = await lab.program(program, ...verb, path)
    expect(done.status).not.toBe(0)
    expect(done.stderr).toContain('Address already in use')
    expect(lab.snapshot()).toEqual(before)
    holder.close()
    expect((await lab.program(program, ...verb, path)).status).toBe(0)
    expect((await lab.program(program, 'down', path)).status).toBe(0)
  })
})
