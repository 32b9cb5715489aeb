// SPDX-License-Identifier: MIT
// The picture of the README is what the programs print: WGQ_UPDATE_SCREENS=1 draws it anew.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { whyNoTunnel } from '../support/implementation.ts'
import { SystemRoot, whyNoSystemRoot } from '../support/system-root.ts'
import { workspace } from '../support/workspace.ts'
import { terminalPicture } from './terminal-picture.ts'

const why =
  whyNotBuilt() ??
  whyNoTunnel('script') ??
  whyNoSystemRoot() ??
  (existsSync('/sys/module/wireguard') ? 'it shows a kernel without the driver' : undefined)
if (why) console.warn(`docs/picture: skipped: ${why}`)

const kept = join(workspace, 'docs/terminal.svg')
const columns = 100

// Keys of this picture alone, so that it is the same each time.
const near = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const far = 'QHH0nFfmfB8oBwA2qTJq9PvRCzsNEEqPM4Cd4qg5rkE='

/** A machine with an uplink, and a gateway in another network namespace. */
const scene = `export PATH="${builtBin}:$PATH"; umask 077; rm -rf /etc/wireguard; mkdir /etc/wireguard
ip netns add gateway
ip link add eth0 type veth peer name eth0 netns gateway
ip address add 192.0.2.10/24 dev eth0; ip link set eth0 up
ip -n gateway address add 192.0.2.1/24 dev eth0; ip -n gateway link set eth0 up; ip -n gateway link set lo up
ip route add default via 192.0.2.1
cat >/etc/wireguard/wg0.conf <<END
[Interface]
PrivateKey = ${near}
ListenPort = 51820
Address = 10.8.0.2/24

# Name = gateway
[Peer]
PublicKey = $(echo ${far} | wg pubkey)
AllowedIPs = 10.8.0.0/24, 10.20.0.0/16
Endpoint = 192.0.2.1:51820
PersistentKeepalive = 25
END
cat >/tmp/gateway.conf <<END
[Interface]
PrivateKey = ${far}
ListenPort = 51820
[Peer]
PublicKey = $(echo ${near} | wg pubkey)
AllowedIPs = 10.8.0.2/32
END
ip netns exec gateway wgq up /tmp/gateway.conf`

describe.skipIf(why)('the picture of the README', () => {
  let root: SystemRoot
  beforeAll(async () => {
    root = await SystemRoot.open('with the checkout')
    root.run(scene)
  })
  afterAll(() => root?.remove())

  /** What a command shows on a terminal in colour; what passes with time as it is in the beginning. */
  const show = (command: string): string => {
    const { stdout } = root.tryRun(
      `export PATH="${builtBin}:$PATH" TERM=xterm WG_COLOR_MODE=always; script -qec 'stty cols ${columns} rows 50; ${command}' /dev/null </dev/null`,
    )
    const text = stdout
      .replaceAll('\r\n', '\n')
      .replaceAll(String.fromCharCode(27), '\\e')
      .replace(/(latest handshake\S*: ).*/, '$1Now')
      .replace(
        /^(.*transfer\S*: )\S+ (\S+ received, )\S+/m,
        (_, before, between) => `${before}92 ${between}180`,
      )
      .replace(/last handshake \d+ s ago/, 'last handshake 2 s ago')
    return `$ ${command}\n${text}\n`
  }

  test('is what up, show and doctor print', () => {
    const screen = [show('wgq up wg0')]
    root.run(`export PATH="${builtBin}:$PATH"; wgq wait wg0 --handshake`)
    screen.push(show('wgq show wg0'), show('wgq doctor wg0'))
    const picture = terminalPicture(screen.join(''), columns)
    if (process.env['WGQ_UPDATE_SCREENS'] === '1') writeFileSync(kept, picture)
    expect(readFileSync(kept, 'utf8')).toBe(picture)
  })
})

test('nothing of the machine that drew the picture is in it', () => {
  const picture = readFileSync(kept, 'utf8')
  for (const own of [workspace, hostname(), '/root', '/tmp']) expect(picture).not.toContain(own)
})
