// SPDX-License-Identifier: MIT
// The screens of docs/screens are what the programs print: WGQ_UPDATE_SCREENS=1 writes them anew.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { whyNoTunnel } from '../support/implementation.ts'
import { SystemRoot, whyNoSystemRoot } from '../support/system-root.ts'
import { workspace } from '../support/workspace.ts'

const why =
  whyNotBuilt() ??
  whyNoTunnel() ??
  whyNoSystemRoot() ??
  (spawnSync('script', ['--version']).error ? 'not installed: script (util-linux)' : undefined)
if (why) console.warn(`docs/screens: skipped: ${why}`)

const folder = join(workspace, 'docs/screens')

const screens: Readonly<Record<string, string>> = {
  list: 'wgq list',
  'peer-list': 'wgq peer list wg0',
  'peer-help': 'wgq help peer',
  diff: 'wgq diff wg0',
  error: 'wgq peer add wg0 tablet --address 10.8.0.2 --endpiont vpn.example.net',
}
const looks = [80, 200].flatMap((columns) => [false, true].map((colour) => ({ columns, colour })))

describe.skipIf(why)('docs/screens', () => {
  let root: SystemRoot
  beforeAll(async () => {
    root = await SystemRoot.open('with the checkout')
    // A peer that is there, one that is not, one that is switched off, one with a long way to it.
    root.run(`export PATH="${builtBin}:$PATH"; rm -rf /etc/wireguard; cd /tmp
      wgq init wg0 --address 10.8.0.1/24,fd08::1/64 --endpoint 127.0.0.1
      for name in phone anna-laptop a-camera-with-a-very-long-name-behind-the-house guest; do
        wgq peer add wg0 $name --output $name.conf
      done
      wgq up wg0
      sed -i 's/^AllowedIPs.*/AllowedIPs = 10.9.9.0\\/24/; s/^Address.*/ListenPort = 51821/' phone.conf
      wgq up ./phone.conf
      wgq wait phone --handshake
      wgq peer disable wg0 anna-laptop
      wgq peer expire wg0 guest --at 2031-01-31
      mkdir -p /etc/systemd/system/multi-user.target.wants
      ln -s /lib/systemd/system/wgq@.service /etc/systemd/system/multi-user.target.wants/wgq@office.service
      mv phone.conf /etc/wireguard/office.conf
      sed -i 's/ListenPort = 51820/ListenPort = 51822/; s/10.8.0.4/10.8.0.44/' /etc/wireguard/wg0.conf`)
  })
  afterAll(() => root?.remove())

  /** What a command shows on a terminal of that width; escape sequences as \\e, what passes with time as if it were 2 seconds old. */
  const show = (command: string, columns: number, colour: boolean): string => {
    const mode = colour ? 'always' : 'never'
    const done = root.tryRun(
      `export PATH="${builtBin}:$PATH" TERM=xterm WG_COLOR_MODE=${mode}; script -qec 'stty cols ${columns} rows 50; ${command}' /dev/null < /dev/null`,
    )
    const text = done.stdout
      .replaceAll('\r\n', '\n')
      .replaceAll(String.fromCharCode(27), '\\e')
      .replace(/ \d+s(?= )/g, (age) => ' 2s'.padStart(age.length))
    return `$ ${command}\n${text}`
  }

  for (const [name, command] of Object.entries(screens))
    test.each(looks)(`${name} at $columns columns, colour: $colour`, ({ columns, colour }) => {
      const path = join(folder, `${name}-${columns}${colour ? '-colour' : ''}.txt`)
      const shown = show(command, columns, colour)
      if (process.env['WGQ_UPDATE_SCREENS'] === '1') {
        mkdirSync(folder, { recursive: true })
        writeFileSync(path, shown)
      }
      expect(shown).toBe(readFileSync(path, 'utf8'))
      // A difference has one line, however long: it can be cut with other tools.
      if (!colour && name !== 'diff')
        for (const line of shown.split('\n').slice(1)) expect(line.length, line).toBeLessThanOrEqual(columns)
    })
})
