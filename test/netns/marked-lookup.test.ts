// SPDX-License-Identifier: MIT
// Names of endpoints are asked for outside the tunnel: only what carries the mark reaches the name server here.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { childEnvironment, childFolder, childScript } from '../support/child-script.ts'
import { fakeDnsProgram } from '../support/fake-dns.ts'
import { whyNoPrivateRun } from '../support/private-run.ts'
import { workspace } from '../support/workspace.ts'

const addon = join(workspace, 'packages/native/build/wgq.node')
const why = whyNoPrivateRun() ?? (spawnSync('nft', ['--version']).status === 0 ? undefined : 'nft is missing')

/** Runs the look-up in a namespace whose firewall lets questions pass that carry 0x99, and returns what it printed. */
const ask = (mark: number, servers: string, ...hosts: string[]): unknown => {
  const server = join(childFolder(), 'dns.cjs')
  writeFileSync(server, fakeDnsProgram)
  const script = `set -e
    ip link set lo up
    nft 'add table inet t; add chain inet t o { type filter hook output priority 0; }; add rule inet t o udp dport 53 meta mark != 0x99 drop'
    coproc dns { exec "$NODE" ${server}; }
    read -r ready <&"\${dns[0]}"
    "$NODE" ${childScript('marked-lookup')} ${mark} ${servers} ${hosts.join(' ')}
    kill "$dns_PID"`
  const done = spawnSync('unshare', ['-n', 'bash', '-c', script], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], NODE: process.execPath, WGQ_ADDON: addon, ...childEnvironment },
  })
  if (done.status !== 0) throw new Error(done.stderr)
  return JSON.parse(done.stdout)
}

describe.skipIf(why)('look-ups outside the tunnel', () => {
  test('what carries the mark is answered: both families, aliases, names without addresses, servers that refuse', () => {
    const hosts = [
      'ok.test',
      'dual.test',
      'cname.test.',
      'v6.test',
      'nodata.test',
      'absent.test',
      'refused.test',
    ]
    expect(ask(0x99, '127.0.0.1', ...hosts)).toEqual([
      { said: 'addresses', addresses: ['192.0.2.50'], ttlSeconds: 1 },
      { said: 'addresses', addresses: ['192.0.2.51', '2001:db8::51'], ttlSeconds: 1 },
      { said: 'addresses', addresses: ['192.0.2.50'], ttlSeconds: 1 },
      { said: 'addresses', addresses: ['2001:db8::50'], ttlSeconds: 1 },
      { said: 'none' },
      { said: 'none' },
      { said: 'nothing' },
    ])
  })

  test('without the mark nobody answers; a server that is silent or no address is followed by the next', () => {
    expect(ask(0x98, '127.0.0.1', 'ok.test')).toEqual([{ said: 'nothing' }])
    expect(ask(0x99, 'localhost,127.0.0.9,127.0.0.1', 'ok.test')).toEqual([
      { said: 'addresses', addresses: ['192.0.2.50'], ttlSeconds: 1 },
    ])
  })
})
