// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'

/** Maximum number of faulty hooks to check: lint prints no more findings with the same code. */
const mostFaults = 100

/**
 * Finds the scripts that bash cannot parse; returns its error messages by index. Parses all scripts at once and single
 * ones only if that fails, so that 20,000 hooks cost one `bash -n`. `-n` parses without running. Finds nothing if bash
 * is not installed.
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
  // Check a script separately if it may continue into the next one.
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

/** Separates scripts, each in a group inside a subshell: these words end every quotation left open. */
const fence = `: ")" ')' '\`)'`

/** The index of the first script, starting at `from`, at which bash stops; undefined if it parses them all. */
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

/** Parses a script from standard input as hooks run: bash with extended patterns. */
const bash = (input: string) =>
  spawnSync('bash', ['-O', 'extglob', '-n'], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
  })
