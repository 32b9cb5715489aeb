// SPDX-License-Identifier: MIT
// scripts/verify-prebuilt: stores its result. Arguments: the platform, the version of Node, the command that runs that
// Node, the counts of vectors, and the line of ping(8) with the packet counts.
import { keepRows } from './kept.ts'

const [platform = '', node = '', runner = '', vectors = '', line = ''] = process.argv.slice(2)
const [, sent, received] = /^(\d+) packets transmitted, (\d+) received/.exec(line) ?? []
if (received === undefined) throw new Error(`no count of packets: ${line}`)
const row = {
  addon: platform,
  node,
  'run by': runner.replace(/^.*\//, ''),
  vectors,
  'a tunnel to the daemon of x86-64': `${received} of ${sent} packets`,
}
keepRows('prebuilt', [row], (kept) => kept['addon'] === platform)
