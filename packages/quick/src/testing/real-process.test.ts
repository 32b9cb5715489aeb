// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRunner } from '@wgq/backends/bsd/command-runner'
import { expect, test } from 'vitest'
import { BsdBench } from './bsd-bench.ts'
import { installStubs } from './stub-programs.ts'

const config = `[Interface]
PrivateKey = IB4TVNeFndKaWPEe0/5eg7pPbFIWev2oorBdAuNZT1M=
Address = 10.0.0.2/24
DNS = 10.0.0.1
MTU = 1380
[Peer]
PublicKey = C/xzKu3IoCh9JQN0FjfvJnWB83wW6p0ThnCpqVcg0gs=
AllowedIPs = 10.0.0.0/24, 10.9.0.0/16
`

test('up and down with real processes: the argument lists arrive word by word', async () => {
  const bench = new BsdBench('openbsd', () => systemRunner)
  bench.simulated.processes.add('resolvd')
  const directory = mkdtempSync(join(tmpdir(), 'wgq-stub-'))
  const path = process.env['PATH']
  const server = await installStubs(directory, bench.simulated)
  try {
    process.env['PATH'] = `${directory}:${path}`
    expect(await bench.up(config, 'office')).toBe(0)
    const resolv = join(bench.directory, 'resolv.conf')
    expect(bench.simulated.changes).toEqual([
      'ifconfig wg0 create description wg-quick: office',
      'ifconfig wg0 inet 10.0.0.2/24 alias',
      'ifconfig wg0 mtu 1380',
      'ifconfig wg0 up',
      `cp ${resolv} ${resolv}.wg-quick-backup.office`,
      'route nameserver wg0 10.0.0.1',
      'route -q -n add -inet 10.9.0.0/16 -iface 10.0.0.2',
    ])
    expect(await bench.down(config, 'office')).toBe(0)
    expect([...bench.simulated.interfaces.keys()]).toEqual(['em0'])
  } finally {
    process.env['PATH'] = path
    server.close()
    rmSync(directory, { recursive: true, force: true })
    bench.close()
  }
})
