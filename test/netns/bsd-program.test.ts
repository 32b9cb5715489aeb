// SPDX-License-Identifier: MIT
// The whole program on a FreeBSD that is not there: Node reports that platform, the tools are stubs in front of a simulated
// system, and a real wireguard-go in a namespace is the device. What this cannot show is the kernel (docs/platforms.md).
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CommandOptions, CommandResult } from '../../packages/backends/src/bsd/command-runner.ts'
import { SimulatedSystem } from '../../packages/backends/src/bsd/twin/simulated-system.ts'
import { parseCidr } from '../../packages/model/src/cidr.ts'
import { addonPath } from '../../packages/native/src/addon.ts'
import { installStubs } from '../../packages/quick/src/testing/stub-programs.ts'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { Namespace, until, whyNoNetns } from '../support/netns.ts'

const bundle = join(builtBin, '../lib/wgq.cjs')
const why =
  whyNoNetns() ??
  whyNotBuilt() ??
  (!existsSync('/usr/bin/wireguard-go') ? 'wireguard-go is not installed' : undefined) ??
  (!existsSync('/dev/net/tun') ? 'no /dev/net/tun' : undefined)
if (why) console.log(`BSD program tests skipped: ${why}`)

const name = 'bsdprog'
const socket = `/var/run/wireguard/${name}.sock`
const config = `[Interface]
PrivateKey = IB4TVNeFndKaWPEe0/5eg7pPbFIWev2oorBdAuNZT1M=
Address = 10.0.0.2/24
DNS = 10.0.0.1
PostUp = test "$INTERFACE" = %i && wg show %i peers
[Peer]
PublicKey = C/xzKu3IoCh9JQN0FjfvJnWB83wW6p0ThnCpqVcg0gs=
AllowedIPs = 0.0.0.0/0
Endpoint = 192.0.2.1:51820
`

/** FreeBSD without if_wg: the interface is there while the daemon's socket is; `route monitor` ends when it goes. */
class WithoutDriver extends SimulatedSystem {
  private readonly watchers: (() => void)[] = []

  constructor() {
    super('freebsd')
    this.failures.set('ifconfig wg create', {
      status: 1,
      stdout: '',
      stderr: 'ifconfig: SIOCIFCREATE2 (wg): Invalid argument\n',
    })
    const dst = parseCidr('0.0.0.0/0')
    if (dst) this.routes.push({ dst, dev: 'em0', gateway: '192.168.1.1', table: '0' })
  }

  override async run(argv: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    const present = existsSync(socket)
    if (present && !this.interfaces.has(name))
      this.interfaces.set(name, { mtu: 1420, up: false, addresses: [] })
    if (!present && this.interfaces.delete(name)) {
      this.routes = this.routes.filter(({ dev }) => dev !== name)
      for (const wake of this.watchers) wake()
    }
    if (argv.join(' ') !== 'route -n monitor') return super.run(argv, options)
    this.calls.push(argv.join(' '))
    await new Promise<void>((resolve) => this.watchers.push(resolve))
    return { status: 0, stdout: 'RTM_IFINFO: iface status change\n\n', stderr: '' }
  }
}

describe.skipIf(why)('the program on FreeBSD', () => {
  let ns: Namespace
  let directory: string
  let system: WithoutDriver
  let stubs: Server
  beforeEach(async () => {
    ns = new Namespace('bsd')
    directory = mkdtempSync(join(tmpdir(), 'wgq-bsd-'))
    system = new WithoutDriver()
    stubs = await installStubs(directory, system)
    writeFileSync(
      join(directory, 'platform.cjs'),
      "Object.defineProperty(process, 'platform', { value: 'freebsd' })\n",
    )
    // No driver: there is no group `wg`. Sockets are those of this system.
    writeFileSync(
      join(directory, 'addon.cjs'),
      `const refuse = () => { throw Object.assign(new Error('ioctl'), { code: 'ENOENT' }) }
      const { connectStream } = require('${addonPath()}')
      module.exports = { connectStream, ioctl: refuse, ioctlWithPointer: refuse, interfaceIndex: () => 7, lockFile: () => true }\n`,
    )
    for (const program of ['wgq', 'wg-quick', 'wg']) {
      const path = join(directory, program)
      writeFileSync(
        path,
        `#!/bin/sh\nexec '${process.execPath}' -r '${directory}/platform.cjs' '${bundle}' "$0" "$@"\n`,
      )
      chmodSync(path, 0o755)
    }
    writeFileSync(join(directory, `${name}.conf`), config, { mode: 0o600 })
  })
  afterEach(() => {
    stubs.close()
    ns.remove()
    rmSync(socket, { force: true })
    rmSync(`/var/run/wgq/${name}.json`, { force: true })
    rmSync(`/var/run/wgq/${name}.endpoints`, { force: true })
    rmSync(directory, { recursive: true, force: true })
  })

  const run = (verb: string) =>
    ns.finish(join(directory, 'wg-quick'), [verb, join(directory, `${name}.conf`)], {
      env: { PATH: `${directory}:${process.env['PATH']}`, WGQ_ADDON: join(directory, 'addon.cjs') },
    })

  it('brings a full tunnel up and down with the userspace daemon', async () => {
    const up = await run('up')
    expect(up.stderr.split('\n').filter((line) => /^(\[|Unable|wg)/.test(line))).toEqual([
      `[#] ifconfig wg create name ${name}`,
      '[!] Missing WireGuard kernel support (ifconfig: SIOCIFCREATE2 (wg): Invalid argument). Falling back to slow userspace implementation.',
      `[#] wireguard-go ${name}`,
      `[#] wg addconf ${name} /dev/stdin`,
      `[#] ifconfig ${name} inet 10.0.0.2/24 alias`,
      `[#] ifconfig ${name} mtu 1420`,
      `[#] ifconfig ${name} up`,
      `[#] resolvconf -a ${name} -x`,
      `[#] route -q -n add -inet 0.0.0.0/1 -interface ${name}`,
      `[#] route -q -n add -inet 128.0.0.0/1 -interface ${name}`,
      '[#] route -q -n delete -inet 192.0.2.1',
      '[#] route -q -n add -inet 192.0.2.1 -gateway 192.168.1.1',
      '[+] Backgrounding route monitor',
      `[#] test "$INTERFACE" = ${name} && wg show ${name} peers`,
    ])
    expect(up.stdout).toBe('C/xzKu3IoCh9JQN0FjfvJnWB83wW6p0ThnCpqVcg0gs=\n')
    expect(up.status).toBe(0)
    await until('the route monitor', () => system.calls.includes('route -n monitor'))
    const down = await run('down')
    expect(down.stderr.split('\n').filter((line) => line.startsWith('['))).toEqual([
      `[#] rm -f ${socket}`,
      `[#] resolvconf -d ${name}`,
    ])
    expect(down.status).toBe(0)
    // The route to the endpoint is the monitor's to delete.
    expect(system.calls).toContain('route -q -n delete -inet 192.0.2.1')
    expect(system.routes.map(({ dst }) => dst.prefixLength)).toEqual([0])
    expect([...system.interfaces.keys()]).toEqual(['em0'])
    expect(existsSync(`/var/run/wgq/${name}.json`)).toBe(false)
    expect(existsSync(`/var/run/wgq/${name}.endpoints`)).toBe(false)
  })
})
