// SPDX-License-Identifier: MIT
import type { Diagnostic } from '@wgq/config/diagnostic'
import type { Position } from '@wgq/model/error'

const levels = { error: 'error', warning: 'warning', info: 'note' } as const

/** Findings as SARIF 2.1.0 (OASIS), which code scanning services read. */
export const sarifLog = (findings: readonly Diagnostic[], version: string): object => {
  const codes = [...new Set(findings.map((finding) => finding.code))].sort()
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'wgq', version, rules: codes.map((id) => ({ id })) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => ({
          ruleId: finding.code,
          ruleIndex: codes.indexOf(finding.code),
          level: levels[finding.severity],
          message: { text: finding.hint ? `${finding.message}. Hint: ${finding.hint}` : finding.message },
          locations: [{ physicalLocation: location(finding.at, finding.width) }],
          relatedLocations: (finding.related ?? []).map(({ at, message }) => ({
            physicalLocation: location(at),
            message: { text: message },
          })),
        })),
      },
    ],
  }
}

const location = ({ file, line, column }: Position, width = 1): object => ({
  artifactLocation: { uri: encodeURI(file) },
  region: { startLine: line, startColumn: column, endColumn: column + width },
})
