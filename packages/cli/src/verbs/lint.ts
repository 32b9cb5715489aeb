// SPDX-License-Identifier: MIT
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { decodeConfig } from '@wgq/config/config-file'
import type { LintDependencies, LintInput } from '@wgq/config/lint/subject'
import { derivePublicKey } from '@wgq/keys/derive'
import { WgqError } from '@wgq/model/error'
import { painterFor } from '../colour.ts'
import type { Handler } from '../command.ts'
import { readConfigOperand } from '../config-operand.ts'
import { jsonText } from '../json-text.ts'
import { formatFinding, formatSummary } from '../lint/report.ts'
import { sarifLog } from '../lint/sarif.ts'
import { shellFaults } from '../lint/shell-check.ts'
import { lintWithDropIns } from '../lint/with-drop-ins.ts'
import { parseArguments } from '../options.ts'
import { writeErr, writeOut } from '../output.ts'

/** wgq lint FILE…: prints findings; exit status 1 if there is an error (with --strict: a warning), else 0. */
export const run: Handler = async (invocation) => {
  const { operands, flags } = await parseArguments(invocation)
  if (flags.has('json') && flags.has('sarif'))
    throw new WgqError('E_USAGE', 'lint prints one format, found --json and --sarif', {
      hint: 'leave one of them out',
    })
  const purpose = flags.has('setconf') ? 'setconf' : 'wg-quick'
  const inputs = withoutRepeated(operands.map((operand) => readInput(operand, purpose)))
  const { findings: all, sources } = lintWithDropIns(inputs, dependencies)
  const findings = flags.has('quiet') ? all.filter(({ severity }) => severity !== 'info') : all
  if (flags.has('json')) writeOut(`${jsonText({ findings })}\n`)
  else if (flags.has('sarif')) {
    writeOut(`${jsonText(sarifLog(findings, process.env['WGQ_VERSION'] ?? ''))}\n`)
  } else {
    const paint = await painterFor(1)
    writeOut(findings.map((finding) => formatFinding(finding, sources, paint)).join('\n'))
    writeErr(formatSummary(findings, sources.size))
  }
  const worst = flags.has('strict') ? ['error', 'warning'] : ['error']
  return findings.some(({ severity }) => worst.includes(severity)) ? 1 : 0
}

/** A file given twice is no second side of a tunnel. */
const withoutRepeated = (inputs: readonly LintInput[]): LintInput[] => {
  const byPath = new Map(inputs.map((input) => [resolve(input.file), input]))
  return inputs.filter((input) => byPath.get(resolve(input.file)) === input)
}

const readInput = (operand: string, purpose: LintInput['purpose']): LintInput => {
  if (operand === '-') return { file: 'stdin.conf', text: decodeConfig(0).text, purpose }
  const { path: file, text } = readConfigOperand(operand)
  const stat = statSync(file)
  const shared = stat.mode & statSync(dirname(resolve(file))).mode & 0o007
  // Nobody should change the mode of /dev/null or of a pipe.
  return { file, text, purpose, worldAccessible: stat.isFile() && shared !== 0 }
}

const dependencies: LintDependencies = {
  publicKey: derivePublicKey,
  shellFaults,
}
