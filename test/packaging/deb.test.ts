// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SystemRoot, whyNoSystemRoot } from '../support/system-root.ts'
import { makeTextKeys } from '../support/tunnel.ts'
import { makePackages, missing } from './packages.ts'

const why = missing('dpkg-deb') ? 'needs dpkg-deb' : whyNoSystemRoot()
if (why) console.warn(`packaging/deb: skipped: ${why}`)
for (const program of ['lintian', 'systemd-analyze', 'man'])
  if (missing(program)) console.warn(`packaging/deb: ${program}: skipped: not installed`)

/** What dpkg and the caches of the system write for themselves. */
const bookkeeping =
  /^\/(var\/(lib\/(dpkg|systemd|apt)|log|cache)|etc\/(ld\.so\.cache|\.pwd\.lock))(\/|$)|^\/usr\/share\/man\/index/

/** Two ends of one tunnel on one machine: each has the other's port of the loopback as endpoint. */
const ends = () => {
  const [near, far] = [makeTextKeys(), makeTextKeys()]
  const end = (
    own: string,
    peer: string,
    port: number,
    peerPort: number,
    address: string,
    peerAddress: string,
  ) =>
    `[Interface]\nPrivateKey = ${own}\nListenPort = ${port}\nAddress = ${address}/32\n\n[Peer]\nPublicKey = ${peer}\nAllowedIPs = ${peerAddress}/32\nEndpoint = 127.0.0.1:${peerPort}\nPersistentKeepalive = 1\n`
  return {
    near: end(near.privateKey, far.publicKey, 51820, 51821, '10.9.0.1', '10.9.0.2'),
    far: end(far.privateKey, near.publicKey, 51821, 51820, '10.9.0.2', '10.9.0.1'),
  }
}

describe.skipIf(why)('the Debian packages', () => {
  const made: string[] = []
  let root: SystemRoot
  /** Path of a package inside of the root. */
  const inside: Record<string, string> = {}

  beforeAll(async () => {
    for (const version of [undefined, '99.0.0'])
      for (const [name, file] of Object.entries(
        makePackages([...(version ? [`--version=${version}`] : []), 'deb']),
      )) {
        made.push(file)
        inside[name.replace(/_(all|amd64|arm64)\.deb$/, '').replace(/_0\..*$/, '')] = file
      }
    root = await SystemRoot.open()
    for (const [name, file] of Object.entries(inside)) inside[name] = root.bring(file)
    // The tools that wgq takes the place of, and those that it can do without.
    root.run('dpkg --purge --force-depends wireguard wireguard-tools wireguard-go >/dev/null 2>&1 || true')
    root.run('rm -rf /etc/wireguard; rm -f "$(command -v ip)" /sbin/ip /bin/ip /usr/sbin/ip /usr/bin/ip')
    root.run(`! command -v wg; ! command -v wg-quick; ! command -v ip; ${stubOfNode()}`)
  })
  afterAll(() => {
    root?.remove()
    for (const file of made) rmSync(dirname(file), { recursive: true, force: true })
  })

  /** Where Node comes from elsewhere, a package of its name satisfies dpkg. */
  const stubOfNode = (): string =>
    `dpkg --status nodejs 2>/dev/null | grep -q '^Status: install ok installed' && dpkg --compare-versions "$(dpkg-query -f '\${Version}' -W nodejs)" ge 20.19 || {
      ${emptyPackage('nodejs', process.versions.node)}
    }`

  /** The commands that install a package without content. */
  const emptyPackage = (name: string, version: string, depends?: string): string =>
    `mkdir -p /tmp/${name}/DEBIAN
     printf '%s\\n' 'Package: ${name}' 'Version: ${version}' 'Architecture: all' ${depends ? `'Depends: ${depends}'` : ''} 'Maintainer: nobody <nobody@wgq.example>' 'Description: nothing' >/tmp/${name}/DEBIAN/control
     dpkg-deb --build /tmp/${name} /tmp/${name}.deb >/dev/null
     dpkg -i /tmp/${name}.deb >/dev/null`

  const changes = () => root.changes().filter((path) => !bookkeeping.test(path))

  test.skipIf(missing('lintian'))('lintian finds nothing', () => {
    const done = spawnSync('lintian', ['--tag-display-limit', '0', ...made.slice(0, 2)], { encoding: 'utf8' })
    expect(done.stdout).toBe('')
  })

  test('installed, used, upgraded while a tunnel is up, removed, purged: nothing is left', () => {
    const before = changes()
    root.run(`dpkg -i ${inside['wgq']}`)
    const { near, far } = ends()
    for (const [name, text] of Object.entries({ wg0: near, wg1: far }))
      writeFileSync(root.outside(`/etc/wireguard/${name}.conf`), text, { mode: 0o600 })

    for (const name of ['wg0', 'wg1']) root.run(`wgq up ${name}`)
    root.run('wgq wait wg0 --handshake --timeout 20')
    expect(root.run('cat /sys/class/net/wg0/mtu')).toBe('65456\n')
    expect(root.run('ls /var/cache/wgq/*')).toMatch(/^up-up\.cjs-/m)
    expect(root.tryRun('command -v wg-quick').status).not.toBe(0)

    root.run(`dpkg -i ${inside['wgq-compat']}`)
    expect(root.run('wg show wg0 latest-handshakes')).toMatch(/\t[1-9][0-9]+\n$/)
    const down = root.tryRun('wg-quick down wg1')
    expect(down).toMatchObject({ status: 0, stderr: '[#] ip link delete dev wg1\n' })
    expect(root.tryRun('wg-quick up wg1').stderr).toContain('[#] ip -4 address add 10.9.0.2/32 dev wg1')
    root.run('wgq wait wg1 --handshake --timeout 20')

    root.run(`dpkg -i ${inside['wgq_99.0.0']} ${inside['wgq-compat_99.0.0']}`)
    expect(root.run('dpkg-query -W wgq wgq-compat')).toBe('wgq\t99.0.0\nwgq-compat\t99.0.0\n')
    expect(root.run('wg show interfaces').trim().split(/\s+/).sort()).toEqual(['wg0', 'wg1'])
    root.run('wgq reload wg0; wg-quick down wg0; wgq down wg1')
    root.run(
      `${emptyPackage('needs-tools', '1', 'wireguard-tools (>= 1.0.20210914)')}; dpkg --purge needs-tools`,
    )
    expect(root.run('ls /sys/class/net').trim()).toBe('lo')

    root.run('dpkg --purge wgq-compat')
    expect(root.tryRun('dpkg --purge wgq').stderr).not.toMatch(/error/)
    expect(root.run('ls /etc/wireguard')).toBe('wg0.conf\nwg1.conf\n')
    root.run('rm -r /etc/wireguard')
    expect(changes()).toEqual(before)
    expect(root.tryRun('ls /run/wgq /run/wireguard').stdout).toBe('')
    expect(root.run('ls /var/lib/dpkg/info').match(/^wgq.*/m)).toBeNull()
    expect(root.tryRun('ls -d /var/cache/wgq').stdout).toBe('')
  })

  test('a purge takes an empty /etc/wireguard along', () => {
    root.run(`dpkg -i ${inside['wgq']} && dpkg --purge wgq`)
    expect(root.tryRun('ls -d /etc/wireguard').status).not.toBe(0)
  })

  test.skipIf(missing('systemd-analyze'))(
    'systemd accepts the units, with their programs and manual pages',
    () => {
      root.run(`dpkg -i ${inside['wgq']} ${inside['wgq-compat']}`)
      const units =
        'wgq@wg0.service wgq-run@wg0.service wgq-watch@wg0.service wg-quick@wg0.service wgq.target wg-quick.target'
      const done = root.tryRun(`SYSTEMD_LOG_LEVEL=warning systemd-analyze verify ${units}`)
      // The units of the rest of the system are not ours to judge.
      const ours = `${done.stdout}${done.stderr}`.split('\n').filter((line) => /wgq|wg-quick|wg0/.test(line))
      expect(ours).toEqual([])
    },
  )

  test.skipIf(missing('man'))('man shows every page without warnings', () => {
    for (const page of ['wgq.8', 'wgqd.8', 'wgq.conf.5', 'wg.8', 'wg-quick.8'])
      expect(
        root.tryRun(
          `MANROFFSEQ= man --warnings -E UTF-8 -l -Tutf8 -Z /usr/share/man/man${page.slice(-1)}/${page}.gz >/dev/null`,
        ),
      ).toMatchObject({ status: 0, stderr: '' })
  })
})
