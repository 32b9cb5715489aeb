// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { whyNoNetns } from '../support/netns.ts'
import { playCase, type QuickCase } from '../support/quick-case.ts'
import {
  linkLocal,
  normalAfter,
  normalConfig,
  normalIptables,
  normalState,
  normalStderr,
  normalStdout,
} from '../support/quick-normal.ts'

const fixtures = join(import.meta.dirname, '../fixtures/wg-quick-master')
const binDirectory = join(import.meta.dirname, '../../dist/bin')
const cases = readdirSync(fixtures).map(
  (file) => JSON.parse(readFileSync(join(fixtures, file), 'utf8')) as QuickCase,
)
const only = process.env['WGQ_CASE']
const reason = whyNoNetns()
if (reason) console.log(`wg-quick cases skipped: ${reason}`)

/**
 * Where wgq differs on purpose, why, and what it does instead: changes to what was recorded. Told to users in
 * docs/compatibility-wg-quick.md.
 */
const differences: Record<string, (wanted: Wanted) => void> = {
  // Taking a tunnel down leaves the rules of other tunnels alone.
  '20-two-defaults': (wanted) => {
    wanted.down.stderr = wanted.down.stderr.replace(suppressDeletion.repeat(2), suppressDeletion)
    wanted.after['ip -4 rule']?.splice(1, 0, '32764:\tfrom all lookup main suppress_prefixlength 0')
  },
  // A help text of our own.
  '36-usage': (wanted) => {
    wanted.up.stderr = expect.stringMatching(/^Usage: wg-quick \[ up \| down \| save \| strip \]/)
    wanted.down.stderr = wanted.up.stderr
  },
  // Rules are known from the journal, whatever the device looks like by now.
  '41-default-peer-removed-before-down': (wanted) => cleansRules(wanted),
  '93-reload-with-default-route': (wanted) => cleansRules(wanted),
  // Rules that are not ours (`lookup 77`, `lookup 770`) are left alone and do not stop the way down.
  '69-down-by-other-conf-without-table': (wanted) => {
    wanted.down = { exit: 0, stdout: '', stderr: '[#] ip link delete dev wg0\n' }
    for (const [heading, lines] of Object.entries(wanted.after))
      wanted.after[heading] = lines.filter((line) => !/\bwg0\b/.test(line))
    wanted.after['ip -4 rule']?.splice(2, 0, '32765:\tfrom all fwmark 0x9 lookup 77')
  },
  // The signal is played by wg-quick-signals.test.ts; upstream left its rules behind here.
  '82-sigint-ctrlc-during-postup': (wanted) => {
    wanted.after['ip -4 rule'] = wanted.after['ip -4 rule']?.filter((line) => !/^3276[45]/.test(line)) ?? []
    wanted.after['sysctl'] = ['net.ipv4.conf.all.src_valid_mark = 0']
  },
  // Saved: no mark that `up` chose, no link-local address that the kernel made.
  '68-saveconfig-default-route': (wanted) => {
    wanted['saved_config'] = savedWithout(wanted, /^(?:FwMark = 0xca6c|Address = fe80::X\/64)\n/gm)
  },
  '92-save-drops-search-and-dns-without-resolvconf-l': (wanted) => {
    wanted['saved_config'] = savedWithout(wanted, /^Address = fe80::X\/64\n/gm)
  },
  // Saved: the name of an interface is not a pattern.
  '90-save-iface-name-with-plus': (wanted) => {
    wanted['saved_config'] = String(wanted['saved_config']).replace(
      '[Interface]\n',
      '[Interface]\nAddress = 10.0.0.2/24\n',
    )
  },
}

interface Wanted {
  up: { exit: number; stdout: string; stderr: string }
  down: { exit: number; stdout: string; stderr: string }
  after: Record<string, string[]>
  [log: string]: unknown
}

const suppressDeletion = '[#] ip -4 rule delete table main suppress_prefixlength 0\n'

const cleansRules = (wanted: Wanted): void => {
  wanted.down.stderr = `[#] ip -4 rule delete table 51820\n${suppressDeletion}${wanted.down.stderr}`
  wanted.after['ip -4 rule'] = wanted.after['ip -4 rule']?.filter((line) => !/^3276[45]/.test(line)) ?? []
}

const savedWithout = (wanted: Wanted, pattern: RegExp): string =>
  String(wanted['saved_config']).replace(pattern, '')

describe.skipIf(reason)('wg-quick does what upstream did', () => {
  test.each(cases.filter(({ name }) => !only || name.startsWith(only)))('$name', (quickCase) => {
    const played = playCase(quickCase, binDirectory)
    const seen: Record<string, unknown> = {
      up: { ...played.up, stdout: normalStdout(played.up.stdout), stderr: normalStderr(played.up.stderr) },
      state: normalState(played.state),
      after: normalAfter(played.file('after/text')),
    }
    const { up, down } = quickCase
    const wanted: Record<string, unknown> = {
      up: up && { ...up, stdout: normalStdout(up.stdout), stderr: normalStderr(up.stderr) },
      state: normalState(quickCase.state),
      after: normalAfter(quickCase.after_down),
    }
    if (down) {
      seen['down'] = { ...played.down, stderr: normalStderr(played.down.stderr) }
      wanted['down'] = { ...down, stderr: normalStderr(down.stderr) }
    }
    const logs = [
      ['resolvconf', 'resolvconf.log', linkLocal],
      ['nft_batches', 'nft.log', linkLocal],
      ['iptables', 'iptables.log', normalIptables],
      ['saved_config', 'saved.conf', normalConfig],
      ['nonroot_stderr', 'nonroot.stderr', normalStderr],
    ] as const
    for (const [key, file, normal] of logs) {
      const text = quickCase[key]
      if (text === undefined) continue
      seen[key] = normal(played.file(file))
      wanted[key] = normal(text)
    }
    differences[quickCase.name]?.(wanted as Wanted)
    expect(seen).toEqual(wanted)
  })
})
