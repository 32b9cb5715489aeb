// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'

/** After so many hooks that the shell cannot read, the rest is not looked at: lint spells no more of one code. */
const mostFaults = 100

/**
 * Which scripts bash cannot parse, by index, with its words. All are parsed at once; only where that fails are single ones, so
 * that 20,000 hooks cost one `bash -n`. `-n` reads and does not run. Nothing is found where there is no bash.
 */
export const shellFaults = (scripts: readonly string[]): Map<number, string> => {
  const faults = new Map<number, string>()
  const known = new Map<string, string | undefined>()
  const check = (index: number): void => {
    const script = scripts[index] as string
    if (!known.has(script)) known.set(script, faultOf(script))
    const fault = known.get(script)
    if (fault !== undefined) faults.set(index, fault)
  }
  // What runs on into the next script is looked at alone.
  const batch = scripts.map((script) => (/<<|\\\s*$/.test(script) ? ':' : script))
  let alone = 0
  batch.forEach((script, index) => {
    if (script === scripts[index] || alone++ >= mostFaults) return
    check(index)
  })
  let from = 0
  for (let runs = 0; from < batch.length && runs < mostFaults; runs++) {
    const failed = firstFault(batch, from)
    if (failed === undefined) return faults
    for (let index = Math.max(from, failed - 1); index <= failed; index++) check(index)
    from = failed + 1
  }
  return faults
}

/** Each script in a group inside a subshell, and words that break every quotation that it left open. */
const fence = `: ")" ')' '\`)'`

/** The index of the first script, from `from` on, at which bash stops; undefined where it reads them all. */
const firstFault = (scripts: readonly string[], from: number): number | undefined => {
  const text = scripts
    .slice(from)
    .map((script) => `(\n{\n${script}\n}\n)\n${fence}\n`)
    .join('')
  const { status, stderr } = bash(text)
  if (status === null || status === 0) return undefined
  const lines = [...stderr.matchAll(/\bline ([0-9]+):/g)].map((match) => Number(match[1]))
  const line = Math.min(...lines.filter((one) => one > 0))
  if (!Number.isFinite(line)) return undefined
  return Math.min(scripts.length - 1, from + Math.floor((line - 1) / 6))
}

const faultOf = (script: string): string | undefined => {
  const { status, stderr } = bash(`${script}\n`)
  if (status === null || status === 0) return undefined
  return (stderr.split('\n')[0] ?? '').replace(/^bash: (?:-c: )?(?:line [0-9]+: )?/, '')
}

/** As hooks are run: bash with extended patterns, which reads the script from its standard input. */
const bash = (input: string) =>
  spawnSync('bash', ['-O', 'extglob', '-n'], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
  })
