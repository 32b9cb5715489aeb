// SPDX-License-Identifier: MIT
// Who answers a name before, during and after a tunnel, asked of the C library, with each manager of name servers itself.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { unpackedResolver, writeBusConfiguration } from '../support/neighbour.ts'
import { SystemRoot, whyNoSystemRoot } from '../support/system-root.ts'

const why = whyNoSystemRoot() ?? whyNotBuilt()
if (why) console.warn(`features/name-answers: skipped: ${why}`)

const uplink = '192.0.2.1'
// The tunnel's own address: it needs no peer that answers, and is reached by the way of its interface.
const inner = '10.9.0.2'

/** A name server that answers each question with the address at which it was asked. */
const server = `for (const address of ['${uplink}', '${inner}']) {
  const socket = require('node:dgram').createSocket('udp4')
  socket.on('message', (query, from) => {
    let end = 12
    while (query[end]) end += query[end] + 1
    end += 5
    const isA = query.readUInt16BE(end - 4) === 1
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(isA ? 1 : 0, 6)
    head.writeUInt32BE(0, 8)
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)])
    socket.send(Buffer.concat([head, query.subarray(12, end), ...(isA ? [answer] : [])]), from.port, from.address)
  })
  socket.bind(53, address)
}
`

const managers = {
  'the plain file': '',
  openresolv: `printf 'nameserver ${uplink}\\n' | resolvconf -a eth0; resolvconf -u`,
  resolvconf: `resolvconf --enable-updates; ln -sf /run/resolvconf/resolv.conf /etc/resolv.conf
    printf 'nameserver ${uplink}\\n' | resolvconf -a eth0.inet`,
  'systemd-resolved': `echo 'systemd-resolve:x:970:970::/:/usr/sbin/nologin' >> /etc/passwd; echo 'systemd-resolve:x:970:' >> /etc/group
    mkdir -p /run/dbus /run/systemd/resolve; chown 970:970 /run/systemd/resolve
    ${writeBusConfiguration}
    dbus-daemon --config-file=/run/bus.conf --fork
    printf '[Resolve]\\nDNS=${uplink}\\nFallbackDNS=\\nLLMNR=no\\nMulticastDNS=no\\nDNSSEC=no\\nCache=no\\n' > /etc/systemd/resolved.conf
    ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
    /lib/systemd/systemd-resolved >/run/resolved.log 2>&1 &
    for try in $(seq 100); do resolvectl dns >/dev/null 2>&1 && break; sleep 0.2; done; resolvectl dns`,
} as const

describe.skipIf(why)('who answers', () => {
  let root: SystemRoot
  beforeEach(async () => {
    root = await SystemRoot.open('with the checkout')
  })
  afterEach(() => root?.remove())

  /** False where the manager cannot be had. */
  const prepare = (manager: keyof typeof managers): boolean => {
    if (manager !== 'the plain file') {
      const { root: folder, why: missing } = unpackedResolver(manager)
      if (missing !== undefined) {
        console.warn(`features/name-answers: skipped: ${missing}`)
        return false
      }
      const packed = spawnSync('tar', ['-C', folder, '-cf', '-', '.'], { maxBuffer: 1 << 26 }).stdout
      const into = spawnSync('tar', ['-C', root.outside('/'), '--keep-directory-symlink', '-xf', '-'], {
        input: packed,
      })
      expect(into.status, `${into.stderr}`).toBe(0)
    }
    root.run(`rm -f /etc/resolv.conf; echo 'nameserver ${uplink}' > /etc/resolv.conf
      sysctl -qw net.ipv4.ip_nonlocal_bind=1; ip link add up0 type veth peer name up1; ip link set up0 up; ip link set up1 up; ip addr add ${uplink}/24 dev up0
      cat > /run/server.cjs <<'END'\n${server}\nEND
      ${process.execPath} /run/server.cjs >/run/server.log 2>&1 &
      ${managers[manager]}`)
    for (let tries = 0; asked('any.example') !== uplink; tries++)
      if (tries > 50) throw new Error(`nobody answers: ${root.run('cat /run/*.log /etc/resolv.conf')}`)
    return true
  }
  /** The address of the server that answered. */
  const asked = (name: string): string | undefined =>
    root.tryRun(`exec getent ahostsv4 ${name}`).stdout.split(/\s/)[0]
  const answers = () => ['www.corp.example', 'www.other.example'].map(asked)
  const write = (dns: string, allowedIps: string): void => {
    root.run(`umask 077; mkdir -p /etc/wireguard; cat > /etc/wireguard/wq0.conf <<'END'
[Interface]
PrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=
Address = ${inner}/24
DNS = ${dns}
[Peer]
PublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=
AllowedIPs = ${allowedIps}
Endpoint = 127.0.0.1:5
END`)
  }
  const run = (line: string): string => {
    const done = root.tryRun(`exec ${join(builtBin, line)}`)
    expect(done.status, done.stderr).toBe(0)
    return done.stderr
  }

  test.each(Object.keys(managers) as (keyof typeof managers)[])(
    '%s: the tunnel for every name while it is up, and the former server again',
    (manager) => {
      if (!prepare(manager)) return
      for (const allowed of ['10.5.0.0/16', '0.0.0.0/0']) {
        write(`${inner}, corp.example`, allowed)
        run('wgq up wq0')
        expect(answers()).toEqual([inner, inner])
        expect(root.tryRun(`exec ${join(builtBin, 'wgq diff wq0')}`).status).toBe(0)
        run('wgq down wq0')
        expect(answers()).toEqual([uplink, uplink])
      }
    },
  )

  test('systemd-resolved: names of one domain go to the tunnel, all others where they went before', () => {
    if (!prepare('systemd-resolved')) return
    write(`${inner}, ~corp.example`, '10.5.0.0/16')
    run('wgq up wq0')
    expect(answers()).toEqual([inner, uplink])
    expect(root.tryRun(`exec ${join(builtBin, 'wgq diff wq0')}`).status).toBe(0)
    // Somebody else takes them away: seen, and put back.
    root.run('resolvectl revert wq0')
    expect(answers()).toEqual([uplink, uplink])
    expect(root.tryRun(`exec ${join(builtBin, 'wgq diff wq0')}`).status).toBe(2)
    run('wgq reload wq0')
    expect(answers()).toEqual([inner, uplink])
    // A link that is gone took its servers with it; the next run cleans up what it left.
    root.run(
      "kill -KILL $(pgrep -f '[w]gqd wq0'); while ip link show wq0 >/dev/null 2>&1; do sleep 0.1; done",
    )
    expect(answers()).toEqual([uplink, uplink])
    run('wgq up wq0')
    expect(answers()).toEqual([inner, uplink])
    run('wgq down wq0')
    expect(answers()).toEqual([uplink, uplink])
  })

  test("systemd's resolvconf, which wg-quick calls: the same answers", () => {
    if (!prepare('systemd-resolved')) return
    write(`${inner}, corp.example`, '10.5.0.0/16')
    run('wg-quick up wq0')
    expect(answers()).toEqual([inner, inner])
    run('wg-quick down wq0')
    expect(answers()).toEqual([uplink, uplink])
  })
})
