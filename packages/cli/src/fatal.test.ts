// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { fatal } from './fatal.ts'

const written: string[] = []
vi.mock('./output.ts', () => ({ writeErr: (text: string) => written.push(text), writeErrBytes: () => {} }))

const said = (error: unknown): string => {
  written.length = 0
  expect(fatal(error, 'wgq')).toBe(1)
  return written.join('')
}

test('what the system refuses is no fault to report; anything else is', () => {
  const full = Object.assign(new Error('EFBIG: file too large, write'), { code: 'EFBIG', syscall: 'write' })
  expect(said(full)).toBe('wgq: the system refused: EFBIG: file too large, write\n')
  let missing: unknown
  try {
    readFileSync('/nonexistent')
  } catch (error) {
    missing = error
  }
  expect(said(missing)).toMatch(/^wgq: internal error: ENOENT: .*, please report\n$/)
  for (const error of [new Error('x\ny'), 'text', undefined, null])
    expect(said(error)).toMatch(/^wgq: internal error: \w+, please report\n$/)
})
