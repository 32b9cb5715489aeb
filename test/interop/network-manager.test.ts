// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { unpackedNetworkManager, writeBusConfiguration } from '../support/neighbour.ts'

const whyNotHere = whyNotBuilt() ?? (process.getuid?.() !== 0 ? 'needs root' : undefined)
const { root, why } = whyNotHere === undefined ? unpackedNetworkManager() : { root: '', why: whyNotHere }
if (why !== undefined) console.warn(`skipped: ${why}`)

// A bus and a daemon of its own in namespaces of its own; prints the profiles that it took.
const script = `
export LD_LIBRARY_PATH=$2/usr/lib/x86_64-linux-gnu:$2/lib/x86_64-linux-gnu PATH=$2/usr/bin:$2/usr/sbin:$PATH
mount -t tmpfs tmpfs /run; mkdir -p /run/dbus /etc/NetworkManager /var/lib/NetworkManager
mount -t tmpfs tmpfs /etc/NetworkManager; mount -t tmpfs tmpfs /var/lib/NetworkManager
printf '[main]\\nplugins=keyfile\\ndns=none\\nauth-polkit=false\\n' > /etc/NetworkManager/NetworkManager.conf
install -D -m 600 -t /etc/NetworkManager/system-connections "$1"/*.nmconnection
${writeBusConfiguration}ip link set lo up
dbus-daemon --config-file=/run/bus.conf --nofork 2>/dev/null & bus=$!
NetworkManager -n >/run/said 2>&1 & daemon=$!
for i in $(seq 100); do nmcli -t general >/dev/null 2>&1 && break; sleep 0.2; done
nmcli -t -f NAME connection show
kill $daemon $bus
`
const folder = mkdtempSync(join(tmpdir(), 'wgq-nm-'))
afterAll(() => rmSync(folder, { recursive: true }))

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const peer = `[Peer]\nPublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=\nPresharedKey = ${key}\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = [2001:db8::1]:51820\nPersistentKeepalive = 25\n`
const tunnels: Record<string, string> = {
  both: 'Address = 10.9.0.2, fd09::2/64\nDNS = 10.9.0.1, fd09::1, corp.example\nMTU = 1380\n',
  only6: 'Address = fd7d::2/128\nDNS = 1.1.1.1\n',
  only4: 'Address = 10.9.0.2/32\nDNS = 1.1.1.1, 2606:4700:4700::1111\n',
  split: 'Address = 10.9.0.2/24\nDNS = 10.9.0.1, ~corp.example\nTable = off\n',
  table: 'Address = 10.9.0.2/24\nTable = 1234\nFwMark = 0x4d\nListenPort = 51820\n',
  main: 'Address = 10.9.0.2/24\nTable = main\n',
  bare: '',
  'very-long-name-from-router': 'Address = 10.9.0.2/24\n',
}

test.skipIf(why !== undefined)('NetworkManager takes every profile that wgq export writes', () => {
  for (const [name, lines] of Object.entries(tunnels)) {
    writeFileSync(join(folder, `${name}.conf`), `[Interface]\nPrivateKey = ${key}\n${lines}\n${peer}`, {
      mode: 0o600,
    })
    const args = ['export', '--to', 'networkmanager', '--output', folder, join(folder, `${name}.conf`)]
    expect(spawnSync(join(builtBin, 'wgq'), args).status).toBe(0)
  }
  // What it refuses, so that taking means something: a name server where the method has no place for it.
  const bad =
    '[connection]\nid=bad\ntype=wireguard\ninterface-name=bad\n[ipv4]\ndns=1.1.1.1;\nmethod=disabled\n'
  writeFileSync(join(folder, 'bad.nmconnection'), bad)
  const { stdout } = spawnSync('unshare', ['-n', '-m', 'bash', '-c', script, 'nm', folder, root], {
    encoding: 'utf8',
  })
  const taken = stdout.split('\n').filter((name) => name !== '' && name !== 'lo')
  expect(taken.sort()).toEqual(Object.keys(tunnels).sort())
})
