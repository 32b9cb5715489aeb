// SPDX-License-Identifier: MIT
import { readFileSync, statSync } from 'node:fs'
import { wideEncoding } from '@wgq/config/encoding'
import { decodeSource } from '@wgq/config/source'
import { isWgqError, type Position, type WgqError } from '@wgq/model/error'
import { hideAsIn, shown, visible } from '@wgq/model/shown'
import type { Personality } from './command.ts'
import { writeErr, writeErrBytes } from './output.ts'
import { shownWindow } from './shown-line.ts'
import { terminalColumns, wrapped } from './terminal-width.ts'

/**
 * Prints the error that ended the program, in the style of its name, and returns the exit status: `wg` prints its own
 * texts, `wg-quick` its name first, `wgq` the position with a caret and a hint. Prints a stack trace only if
 * WGQ_DEBUG=1.
 */
export const fatal = (error: unknown, personality: Personality): number => {
  if (process.env['WGQ_DEBUG'] === '1' && error instanceof Error) writeErr(`${error.stack}\n`)
  if (!isWgqError(error)) {
    const text = error instanceof Error ? error.message : String(error)
    const line = shown(text.split('\n', 1)[0] ?? '')
    writeErr(
      isRefusal(error)
        ? `wgq: the system refused: ${line}\n`
        : `wgq: internal error: ${line}, please report\n`,
    )
    return 1
  }
  if (personality === 'wg') {
    if (error.wgText === undefined) writeErr(`${error.message}\n`)
    else writeErrBytes(`${error.wgText}\n`)
  } else if (personality === 'wg-quick') writeErr(`wg-quick: ${error.message}\n`)
  else explain(error)
  return error.exitCode
}

/** Whether a system call failed because of a full disk, a limit or a mount; any other system error is a bug in wgq. */
const isRefusal = (error: unknown): boolean => {
  const { code, syscall } = (error ?? {}) as Partial<NodeJS.ErrnoException>
  return syscall !== undefined && refusals.has(code ?? '')
}

const refusals = new Set(
  'EACCES EPERM EROFS ENOSPC EDQUOT EFBIG EIO EMFILE ENFILE ENOMEM EAGAIN ELOOP ENAMETOOLONG'.split(' '),
)

const explain = (error: WgqError): void => {
  const columns = terminalColumns(2)
  const line = error.at && lineOf(error.at.file, error.at.line)
  const message = line === undefined ? error.message : hideAsIn(error.message, line, error.at?.column ?? 1)
  writeErr(`${wrapped(`wgq: ${shown(message)}`, columns, 5)}\n`)
  if (error.at) writeErr(place(error.at))
  if (error.hint !== undefined) writeErr(`${wrapped(`  hint: ${shown(error.hint)}`, columns, 8)}\n`)
}

/** The position, the line and a caret; secrets in the line are masked. */
const place = ({ file, line, column }: Position): string => {
  const head = `  --> ${visible(file)}:${line}:${column}\n`
  const text = lineOf(file, line)
  if (text === undefined) return head
  const excerpt = shownWindow(text.replace(/\r$/, ''), column)
  const pad = excerpt.text.slice(0, excerpt.column - 1).replace(/[^\t]/g, ' ')
  return `${head}   | ${excerpt.text}\n   | ${pad}^\n`
}

const lineOf = (file: string, line: number): string | undefined => {
  try {
    // Only regular files can be read a second time: a pipe is empty by now and reading it could block forever.
    if (!statSync(file).isFile()) return undefined
    const text = decodeSource(readFileSync(file)).text
    // Keys would not be recognised in such a file.
    return wideEncoding(text) === undefined ? text.split('\n')[line - 1] : undefined
  } catch {
    return undefined
  }
}
