// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { workspace } from '../support/workspace.ts'

/** A fenced block of a page. */
export interface Block {
  readonly line: number
  readonly language: string
  readonly text: string
  /** The expected exit status; absent where it is not run. */
  readonly status?: number
  /** Why it is not run, from `<!-- not run: … -->` above it. */
  readonly reason?: string
}

/** Every page for people, relative to the workspace. */
export const pages = (): string[] => [
  ...readdirSync(workspace).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(workspace, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .sort(),
]

/**
 * The blocks of a page. ` ```sh run ` (or `<!-- run -->` above) is run and ends with 0, or with N for `status=N`.
 */
export const blocksOf = (page: string): Block[] => {
  const found: Block[] = []
  const lines = readFileSync(join(workspace, page), 'utf8').split('\n')
  for (let at = 0; at < lines.length; at++) {
    const fence = /^ *```(\S*)(.*)$/.exec(lines[at] ?? '')
    if (!fence) continue
    const end = lines.findIndex((line, index) => index > at && line.trim() === '```')
    const [, language = '', words = ''] = fence
    const above = (lines[at - 1] ?? '').trim()
    const reason = /^<!-- not run: (.*) -->$/.exec(above)?.[1]
    const runs = /(^| )run\b/.test(words) || above === '<!-- run -->'
    found.push({
      line: at + 1,
      language,
      text: lines.slice(at + 1, end).join('\n'),
      ...(runs ? { status: Number(/status=(\d+)/.exec(words)?.[1] ?? 0) } : {}),
      ...(reason === undefined ? {} : { reason }),
    })
    at = end
  }
  return found
}
