// SPDX-License-Identifier: MIT
// Runs under the other kernel: every case of the `wg` verbs with Debian's `wg` and with ours; prints the results of
// both.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { files, type VerbCase, verbCases } from '../../kernel-vm/verb-cases.ts'

process.chdir(mkdtempSync('/tmp/kernel-verbs-'))
for (const [name, text] of Object.entries(files)) writeFileSync(name, text, { mode: 0o600 })
const run = (command: string, args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', input: '' })
  return { status, stdout, stderr }
}

/** What one `wg` prints, and Debian's view of the devices after every command. */
const transcript = (wg: string, commands: readonly string[]): unknown[] => {
  for (const name of ['wg0', 'wg1']) run('ip', ['link', 'add', name, 'type', 'wireguard'])
  const steps = commands.map((line) => {
    const args = line.split(' ')
    const done = args[0] === 'up' ? run('ip', ['link', 'set', args[1] as string, 'up']) : run(wg, args)
    // A port that the kernel chooses differs each time.
    const state = ['wg0', 'wg1'].map((name) => run('wg', ['show', name, 'dump']).stdout)
    return { line, ...done, state }
  })
  for (const name of ['wg0', 'wg1']) run('ip', ['link', 'delete', name])
  return steps
}

const ours = `${process.argv[2]}/dist/bin/wg`
for (const { name, commands } of verbCases)
  console.log(JSON.stringify({ name, theirs: transcript('wg', commands), ours: transcript(ours, commands) }))

// A checkout without a built addon: npm netlink replaces it.
const copy = `${process.cwd()}/copy`
run('sh', [
  '-c',
  `mkdir -p ${copy}/dist && cp -r ${process.argv[2]}/dist/* ${copy}/dist && rm ${copy}/dist/lib/*.node && ln -s ${process.argv[2]}/packages ${copy}/packages`,
])
const { commands } = verbCases.find((one) => one.name === 'a port that is taken') as VerbCase
console.log(
  JSON.stringify({
    name: 'without the addon',
    theirs: transcript('wg', commands),
    ours: transcript(`${copy}/dist/bin/wg`, commands),
  }),
)

// Debian's `wg` and kernels before 6.16 do not support signs.
const peer = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='
console.log(
  JSON.stringify({
    name: 'signs',
    kernel: run('uname', ['-r']).stdout,
    ours: transcript(ours, [
      `set wg0 peer ${peer} allowed-ips 10.0.0.0/8,10.1.0.0/16`,
      `set wg0 peer ${peer} allowed-ips +10.2.0.0/16`,
      `set wg0 peer ${peer} allowed-ips -10.1.0.0/16`,
    ]),
  }),
)
