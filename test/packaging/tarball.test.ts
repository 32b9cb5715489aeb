// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SystemRoot, whyNoSystemRoot } from '../support/system-root.ts'
import { makePackages, missing } from './packages.ts'

const why = whyNoSystemRoot()
if (why) console.warn(`packaging/tarball: installing: skipped: ${why}`)

const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')
const words = missing('dpkg-deb') ? ['tarball'] : ['tarball', 'deb']
let made: Readonly<Record<string, string>>

beforeAll(() => {
  made = makePackages(words)
})
afterAll(() => rmSync(dirname(Object.values(made)[0] as string), { recursive: true, force: true }))

describe('the release archives and packages', () => {
  test('are made twice of the same bytes, whatever the locale, the time zone and the umask are', () => {
    const before = process.umask(0o077)
    const again = makePackages(words, { TZ: 'Asia/Tokyo', LC_ALL: 'C', LANG: 'C' })
    process.umask(before)
    const digests = (files: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(files).map(([name, file]) => [name, digest(file)]))
    expect(Object.keys(made)).toHaveLength(2 * words.length)
    expect(digests(again)).toEqual(digests(made))
    rmSync(dirname(Object.values(again)[0] as string), { recursive: true, force: true })
  })
})

describe.skipIf(why)('building and installing an archive without a network', () => {
  let root: SystemRoot
  beforeAll(async () => {
    root = await SystemRoot.open()
    for (const file of Object.values(made).filter((name) => name.endsWith('.tar.gz')))
      root.run(
        `cd /tmp; tar -xzf ${root.bring(file)} --strip-components=1 --one-top-level=${/linux/.test(file) ? 'prebuilt' : 'plain'}`,
      )
  })
  afterAll(() => root?.remove())

  test('there is no network and no checkout', () => {
    expect(root.tryRun('ping -c 1 -W 1 192.0.2.1').status).not.toBe(0)
    expect(root.run('ls /sys/class/net').trim()).toBe('lo')
  })

  test('make addon compiles what the archive for this system brings, byte for byte', () => {
    root.run('cd /tmp/plain; make -s addon')
    expect(root.run('cmp /tmp/plain/lib/wgq.node /tmp/prebuilt/lib/wgq.node && echo same').trim()).toBe(
      'same',
    )
    expect(
      root.run('cd /tmp/plain; node -p "Object.keys(require(\'./lib/wgq.node\')).length > 5"').trim(),
    ).toBe('true')
  })

  test('make install into DESTDIR writes there only, and what it wrote runs', () => {
    const before = root.changes()
    root.run('cd /tmp/prebuilt; make -s install DESTDIR=/tmp/dest PREFIX=/usr WITH_COMPAT=yes')
    expect(root.changes()).toEqual(before)
    root.run('rm -f /usr/bin/wg /usr/bin/wg-quick; cp -a /tmp/dest/. /')
    expect(root.run('wgq genkey')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
    expect(root.run('wg genkey | wg pubkey')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
    expect(root.run('wg --version')).toContain('wireguard-tools v1.0.2026')
    expect(root.run('wgqd --version')).toContain('wgqd v')
    expect(root.run('stat -c %a /etc/wireguard').trim()).toBe('700')
    expect(root.run('stat -c "%a %u" /var/cache/wgq').trim()).toBe('755 0')
    expect(root.run('man -w wgq wg wg-quick wgqd wgq.conf').trim().split('\n')).toHaveLength(5)
  })

  test.each([
    ['openrc', '/etc/init.d'],
    ['freebsd', '/usr/local/etc/rc.d'],
    ['openbsd', '/etc/rc.d'],
    ['netbsd', '/usr/pkg/share/examples/rc.d'],
  ])('INIT=%s installs its start script, with the paths of the installation', (init, folder) => {
    root.run('mkdir -p /opt/node/bin; ln -sf "$(command -v node)" /opt/node/bin/node')
    root.run(
      `cd /tmp/prebuilt; make -s install DESTDIR=/tmp/${init} PREFIX=/opt/wgq INIT=${init} RCDIR=${folder} NODE=/opt/node/bin/node`,
    )
    const script = root.run(`cat /tmp/${init}${folder}/wgq`)
    if (init !== 'openrc') expect(script).toContain('/opt/wgq/bin/wgq')
    const launcher = root.run(`cat /tmp/${init}/opt/wgq/bin/wgqd`)
    expect(launcher).toContain('\nnode=/opt/node/bin/node\n')
    expect(launcher).toMatch(
      /\nexec "\$node" .*--max-semi-space-size.* "\/opt\/wgq\/lib\/wgq\/wgqd\.cjs" "\$0" "\$@"\n/,
    )
    expect(root.tryRun(`ls /tmp/${init}/opt/wgq/lib/systemd`).status).not.toBe(0)
  })
})
