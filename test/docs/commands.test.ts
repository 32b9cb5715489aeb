// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { SystemRoot, whyNoSystemRoot } from '../support/system-root.ts'
import { workspace } from '../support/workspace.ts'
import { blocksOf, pages } from './blocks.ts'

const why = whyNotBuilt() ?? whyNoSystemRoot()
if (why) console.warn(`docs/commands: skipped: ${why}`)

test.each(pages())('%s: every command is run by a test or says why not', (page) => {
  const silent = blocksOf(page).filter(
    ({ language, status, reason }) => language === 'sh' && status === undefined && !reason,
  )
  expect(silent.map(({ line }) => `${page}:${line}`)).toEqual([])
})

test.each(pages())('%s: its links lead somewhere', (page) => {
  const text = readFileSync(join(workspace, page), 'utf8')
  const targets = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target)
  expect(targets.filter((target) => !existsSync(join(workspace, dirname(page), target)))).toEqual([])
})

const runnable = pages().filter((page) =>
  blocksOf(page).some(({ language, status }) => language === 'sh' && status !== undefined),
)

// Each page has a machine of its own: an uplink with a default route, no tunnels, nothing that a page before left.
describe.skipIf(why).each(runnable)('%s', (page) => {
  let root: SystemRoot
  beforeAll(async () => {
    root = await SystemRoot.open('with the checkout')
    root.run(`
      rm -rf /etc/wireguard; mkdir -p /home/guide
      ip link add eth0 type veth peer name gateway
      ip link set gateway up; ip link set eth0 up
      ip address add 192.0.2.10/24 dev eth0
      ip route add default via 192.0.2.1
      # Nothing to become here, where it is not installed.
      command -v sudo >/dev/null || printf '#!/bin/sh\nexec "$@"\n' >/usr/local/bin/sudo
      chmod +x "$(command -v sudo || echo /usr/local/bin/sudo)"`)
  })
  afterAll(() => root?.remove())

  test.each(blocksOf(page).filter(({ language, status }) => language === 'sh' && status !== undefined))(
    'line $line',
    ({ text, status }) => {
      // What a checkout's README is about is called from there.
      const folder = page === 'README.md' ? workspace : '/home/guide'
      const done = root.tryRun(`export PATH="${builtBin}:$PATH"; cd ${folder}\n${text}\n`)
      expect(done, `${done.stdout}${done.stderr}`).toMatchObject({ status })
      expect(done.stderr).not.toContain('internal error')
      // What a stranger tries first begins with no warning.
      if (page === 'README.md') expect(done.stderr).not.toMatch(/^(Warning|Error)/m)
    },
  )
})
