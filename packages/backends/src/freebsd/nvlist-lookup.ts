// SPDX-License-Identifier: MIT
import { malformedReply } from '../bsd/malformed-reply.ts'
import type { NvList, NvPair, NvValue } from './nvlist.ts'

type Valued = Exclude<NvValue, { type: 'null' }>
type Values = { [Pair in Valued as Pair['type']]: Pair['value'] }

/** The value of a name, undefined when it is absent. Raises `E_DEVICE` when it has another type. */
export const lookup = <T extends keyof Values>(
  list: NvList,
  name: string,
  type: T,
): Values[T] | undefined => {
  const pair: NvPair | undefined = list.find((candidate) => candidate.name === name)
  if (!pair) return undefined
  if (pair.type !== type) throw malformedReply(name, type, pair.type)
  return (pair as { value: unknown }).value as Values[T]
}

/** A number of at most `most`. Raises `E_DEVICE` when it is larger. */
export const lookupNumber = (list: NvList, name: string, most: number): number | undefined => {
  const value = lookup(list, name, 'number')
  if (value === undefined) return undefined
  if (value > BigInt(most)) throw malformedReply(name, `0 to ${most}`, String(value))
  return Number(value)
}

/** Bytes of one of the lengths given. Raises `E_DEVICE` for another length. */
export const lookupBytes = (list: NvList, name: string, lengths: readonly number[]): Buffer | undefined => {
  const value = lookup(list, name, 'binary')
  if (value && !lengths.includes(value.length))
    throw malformedReply(name, `${lengths.join(' or ')} bytes`, `${value.length} bytes`)
  return value
}
