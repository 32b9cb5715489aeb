// SPDX-License-Identifier: MIT
import { resolve } from 'node:path'
import type { Diagnostic } from '@wgq/config/diagnostic'
import type { Position } from '@wgq/model/error'

const levels = { error: 'error', warning: 'warning', info: 'note' } as const

/** Where packages install the documentation; it has a section for every code. */
const documentation = 'file:///usr/share/doc/wgq/lint.md'

/** Formats findings as SARIF 2.1.0 (OASIS), which code scanning services read. */
export const sarifLog = (findings: readonly Diagnostic[], version: string): object => {
  const codes = [...new Set(findings.map((finding) => finding.code))].sort()
  const places = new Map(codes.map((code, index) => [code, index]))
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'wgq', version, informationUri: documentation, rules: codes.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => ({
          ruleId: finding.code,
          ruleIndex: places.get(finding.code),
          level: levels[finding.severity],
          message: { text: textOf(finding) },
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

const ruleOf = (code: string): object => {
  const words = code.replaceAll('-', ' ')
  const sentence = `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
  return {
    id: code,
    name: words.replace(/(?:^| )([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: sentence },
    fullDescription: { text: `${sentence} docs/lint.md has a file with this finding and one without it.` },
    helpUri: `${documentation}#${code}`,
  }
}

const textOf = ({ message, hint, more }: Diagnostic): string => {
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`
  const count = more === undefined ? '' : ` And ${more} more of this rule.`
  return `${sentence}${hint === undefined ? '' : ` Hint: ${hint}.`}${count}`
}

const location = ({ file, line, column }: Position, width = 1): object => ({
  artifactLocation: { uri: fileUri(file) },
  region: { startLine: line, startColumn: column, endColumn: column + width },
})

/** Formats a path as `file:///…`, each segment percent-encoded (RFC 8089), as a name may contain any character. */
export const fileUri = (file: string): string => `file://${resolve(file).split('/').map(segment).join('/')}`

/** A path may contain what `encodeURIComponent` leaves unencoded. It fails on a lone surrogate. */
const segment = (text: string): string => encodeURIComponent(Buffer.from(text).toString())
