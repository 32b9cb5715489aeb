// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { wantsKillSwitch } from './directive.ts'
import { removeKillSwitch, writeKillSwitch } from './nft-text.ts'

describe('wantsKillSwitch', () => {
  test.each([
    ['[Interface]\n# KillSwitch = on\n', true],
    ['[Interface]\n#killswitch=yes\n', true],
    ['[Interface]\n# KillSwitch = on\n# KillSwitch = off\n', false],
    ['[Interface]\nKillSwitch = on\n', false],
    ['[Interface]\n# KillSwitch = on\n[Peer]\n', true],
    ['[Peer]\n# KillSwitch = on\n', false],
    ['', false],
  ])('%j', (text, wanted) => {
    expect(wantsKillSwitch(text)).toBe(wanted)
  })
})

const nft = (text: string) => spawnSync('nft', ['-c', '-f', '-'], { input: text, encoding: 'utf8' })

describe.skipIf(process.getuid?.() !== 0 || spawnSync('nft', ['--version']).status !== 0)(
  'the batch (needs root and nft)',
  () => {
    test('nft accepts it, with and without mark and endpoints, and its removal where there is nothing', () => {
      const endpoints = [
        { family: 4, address: '192.0.2.1', port: 51820 },
        { family: 6, address: '2001:db8::1', port: 1 },
      ] as const
      for (const text of [
        writeKillSwitch({ dev: 'wg0', endpoints, mark: 51820 }),
        writeKillSwitch({ dev: 'a=b+c.d-e', endpoints: [], mark: 0 }),
        removeKillSwitch('wg0'),
      ]) {
        const { status, stderr } = nft(text)
        expect(status, stderr).toBe(0)
      }
    })
  },
)
