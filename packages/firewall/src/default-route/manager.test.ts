// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { FilterTools } from '../tools.ts'
import { firewallWriter } from './choose.ts'
import { readFirewall } from './manager.ts'

const root = process.getuid?.() === 0 && spawnSync('unshare', ['-n', 'nft', 'list', 'tables']).status === 0

/** FilterTools whose programs print the text in `answers` for their command lines. */
const replay = (answers: Record<string, string>): FilterTools =>
  ({
    find: (program: string) => program,
    run: async (program: string, args: string[]) => {
      const stdout = answers[[program, ...args].join(' ')]
      return { status: stdout === undefined ? 1 : 0, stdout: stdout ?? '' }
    },
  }) as unknown as FilterTools

const script = (text: string): string => {
  const { status, stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-e', '-c', text], {
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  return stdout
}

const families = [
  { family: 4, mark: 51820, addresses: ['10.0.0.2', '10.0.0.3'] },
  { family: 6, mark: 51820, addresses: ['fd00::2'] },
] as const

describe.skipIf(!root)('the firewall as the real tools list it (needs root and nft)', () => {
  const nft = async (change: string): Promise<object | undefined> => {
    const write = firewallWriter('nft').write
    const load = families
      .map((family) => `nft -f - <<'END'\n${write({ dev: 'wg0', ...family })}END\n`)
      .join('')
    const [tables = '', ip = '', ip6 = ''] = script(
      `${load}${change}\nnft list tables; echo ----; nft list table ip wg-quick-wg0; echo ----; nft list table ip6 wg-quick-wg0`,
    ).split('----\n')
    return readFirewall(
      replay({
        'nft list tables': tables,
        'nft list table ip wg-quick-wg0': ip,
        'nft list table ip6 wg-quick-wg0': ip6,
      }),
      'wg0',
    )
  }

  test('nft: what is loaded is read back', async () => {
    expect(await nft('')).toEqual({ tool: 'nft', families })
  })

  test.each([
    'nft flush chain ip wg-quick-wg0 premangle',
    'nft flush chain ip wg-quick-wg0 postmangle',
    'nft flush chain ip wg-quick-wg0 preraw; nft delete chain ip wg-quick-wg0 preraw',
    'nft add rule ip wg-quick-wg0 preraw drop',
    'nft insert rule ip wg-quick-wg0 preraw counter accept',
    'nft add rule ip wg-quick-wg0 premangle meta mark set 7',
    'nft add chain ip wg-quick-wg0 preraw "{ policy drop; }"',
    'nft add table ip wg-quick-wg0 "{ flags dormant; }"',
  ])('nft: does not count as the one that is wanted after: %s', async (change) => {
    expect(await nft(change)).not.toEqual({ tool: 'nft', families })
  })

  test('iptables: what is loaded is read back', async () => {
    const writer = firewallWriter('iptables')
    const load = families
      .map(
        (family) =>
          `${writer.tool(family.family)} -n <<'END'\n${writer.write({ dev: 'wg0', ...family })}END\n`,
      )
      .join('')
    const [ip = '', ip6 = ''] = script(`${load}iptables-save; echo ----; ip6tables-save`).split('----\n')
    const dependencies = replay({
      'iptables-save ': ip,
      'ip6tables-save ': ip6,
      'iptables-save': ip,
      'ip6tables-save': ip6,
    })
    expect(await readFirewall(dependencies, 'wg0')).toEqual({ tool: 'iptables', families })
    expect(await readFirewall(dependencies, 'wg1')).toBeUndefined()
  })
})
