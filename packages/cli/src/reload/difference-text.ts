// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'
import type { Difference } from '@wgq/quick/state/device-difference'
import type { Painter, Style } from '../colour.ts'

/**
 * Formats differences as aligned readable lines: `+` is added, `-` removed, `~` changed. Shows peers by name or,
 * without one, by the beginning of their key.
 */
export const differenceText = (
  differences: readonly Difference[],
  names: ReadonlyMap<Key, string>,
  paint: Painter,
): string => {
  const rows = differences.map((difference) => ({
    sign: signOf(difference),
    object: difference.object,
    id: idOf(difference, names),
    text: changeText(difference),
  }))
  const width = (column: 'object' | 'id') => Math.max(0, ...rows.map((row) => row[column].length))
  const [objectWidth, idWidth] = [width('object'), width('id')]
  return rows
    .map(({ sign, object, id, text }) =>
      [
        paint(styles[sign], sign),
        `${object.padEnd(objectWidth)}  ${id.padEnd(idWidth)}  ${text}`.trimEnd(),
      ].join(' '),
    )
    .map((line) => `${line}\n`)
    .join('')
}

const styles: Record<'+' | '-' | '~', Style> = { '+': 'green', '-': 'red', '~': 'yellow' }

const signOf = ({ running, wanted }: Difference): '+' | '-' | '~' => {
  if (running === undefined) return '+'
  return wanted === undefined ? '-' : '~'
}

const idOf = ({ object, id }: Difference, names: ReadonlyMap<Key, string>): string => {
  if (id === undefined) return ''
  return object === 'peer' ? (names.get(id as Key) ?? `${id.slice(0, 12)}…`) : id
}

const changeText = ({ object, field, running, wanted }: Difference): string => {
  const what = field === undefined ? '' : `${field}  `
  if (running !== undefined && wanted !== undefined) return `${what}${running} → ${wanted}`
  const side = (running ?? wanted) as string
  return object === 'peer' ? `allowed ips ${side}` : side === 'present' ? '' : side
}
