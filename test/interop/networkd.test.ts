// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'

const networkd = '/lib/systemd/systemd-networkd'
const whyNot =
  whyNotBuilt() ??
  (!existsSync(networkd)
    ? 'systemd-networkd is not installed'
    : process.getuid?.() !== 0
      ? 'needs root'
      : undefined)
if (whyNot !== undefined) console.warn(`skipped: ${whyNot}`)

const full = `[Interface]
PrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=
ListenPort = 51820
Address = 10.0.0.2/24, fd00:1::2/64
DNS = 10.0.0.1, corp.example
MTU = 1380

[Peer]
PublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=
PresharedKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = [2001:db8::1]:51820
PersistentKeepalive = 25
`

// In namespaces of its own: our units are all that it finds, and it sees no link of this machine.
const script = `set -e
mount --bind "$1" /etc/systemd/network
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/netif
chown -R systemd-network /run/systemd/netif
SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console exec timeout 30 ${networkd} 2>&1`

/** What networkd says until it has dealt with the device, whether the kernel knows such devices or not. */
const listen = (directory: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn('unshare', ['-n', '-m', 'bash', '-c', script, 'networkd', directory])
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (/^wgqx: (?:netdev could not be created|netdev ready|Created)/m.test(said)) child.kill()
    })
    child.on('error', reject)
    child.on('close', () => resolve(said))
  })

test.skipIf(whyNot !== undefined)('networkd understands every line that wgq export writes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wgq-networkd-'))
  try {
    writeFileSync(join(directory, 'wgqx.conf'), full, { mode: 0o600 })
    const args = ['export', '--to', 'networkd', '--output', directory, join(directory, 'wgqx.conf')]
    expect(spawnSync(join(builtBin, 'wgq'), args).status).toBe(0)
    for (const path of [directory, join(directory, 'wgqx.netdev')])
      spawnSync('chgrp', ['systemd-network', path])
    spawnSync('chmod', ['750', directory])
    const said = await listen(directory)
    expect(said).toContain('wgqx: loaded "wireguard"')
    expect(said.split('\n').filter((line) => line.includes(`/etc/systemd/network/wgqx.`))).toEqual([])
  } finally {
    rmSync(directory, { recursive: true })
  }
})
