// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSettings } from '@wgq/config/settings'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Session } from '../session.ts'
import { childRunner } from './child.ts'
import { expandHook, hookScript, hookShellArguments } from './hooks.ts'

const noBash = spawnSync('bash', ['-c', 'exit 0']).status !== 0
if (noBash) console.log('hooks skipped: bash is not installed')

const text = `[Interface]\nAddress = 10.0.0.2/24, fd00::2/64\nMTU = 1300\nTable = it's\nDNS = 10.0.0.1, corp.example\n`
const session = {
  name: 'wg0',
  configPath: "/etc/wire guard/wg'0.conf",
  settings: readSettings(text, 'wg0.conf'),
  program: 'wg-quick',
  script: '/usr/bin/wg-quick',
} as unknown as Session

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'wgq-hooks-'))
})
afterAll(() => rmSync(scratch, { recursive: true }))

const runHook = (command: string) =>
  childRunner({ PATH: process.env['PATH'] }, scratch)('bash', hookShellArguments, {
    script: hookScript(command, session),
    capture: true,
    quiet: true,
  })

test('every %i is the name, also one with a dollar sign in it', () => {
  expect(expandHook('a %i b%i', 'wg0')).toBe('a wg0 bwg0')
  expect(expandHook('%i', '$&')).toBe('$&')
})

describe.skipIf(noBash)('a hook', () => {
  test.each([
    [
      'sees the variables',
      'echo $INTERFACE,$CONFIG_FILE,$MTU,$TABLE,$ADDRESSES,$DNS',
      0,
      "wg0,/etc/wire guard/wg'0.conf,1300,it's,10.0.0.2/24,10.0.0.1\n",
    ],
    ['which are not exported', 'env | grep -c ^INTERFACE= || true', 0, '0\n'],
    [
      'runs in the shell that upstream has',
      'echo $-; shopt -p extglob; set -o | grep -c "pipefail *.on"; echo $0',
      0,
      'ehB\nshopt -s extglob\n1\n/usr/bin/wg-quick\n',
    ],
    ['fails in the middle of a pipe', 'false | true; echo no', 1, ''],
    ['ends with a status of its own', 'exit 9; echo no', 9, ''],
    ['may be empty', '', 0, ''],
    ['may substitute processes', 'cat <(echo hi)', 0, 'hi\n'],
    ['may quote', `echo "it's" '"'`, 0, `it's "\n`],
    ['has a missing program', 'no-such-program', 127, ''],
    ['can use cmd and die', 'cmd echo done; die over', 1, 'done\n'],
    ['inherits no descriptor of ours', '[ -e /proc/$$/fd/3 ] && echo open || echo closed', 0, 'closed\n'],
  ])('%s', async (_, command, status, stdout) => {
    expect(await runHook(command)).toEqual({ status, stdout })
  })
})
