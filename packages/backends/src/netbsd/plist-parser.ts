// SPDX-License-Identifier: MIT
import { malformedReply } from '../bsd/malformed-reply.ts'
import type { Plist } from './plist.ts'

/** The kernel's replies nest four deep. */
const mostDepth = 16

/**
 * Reads a property list as proplib(3) writes it. It is not an XML parser: no attributes but those of the head, no
 * comments, the three entities that proplib knows. Raises `E_DEVICE` (errno `EPROTO`), nothing else.
 */
export const parsePlist = (text: string): Plist => {
  const reader = new TagReader(text)
  let tag = reader.next()
  while (tag.startsWith('?') || tag.startsWith('!')) tag = reader.next()
  if (!/^plist(\s|$)/.test(tag)) throw refuse('<plist>', tag)
  const value = readValue(reader, reader.next(), 0)
  expectTag(reader.next(), '/plist')
  return value
}

class TagReader {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  /** The content of the next `<…>`; only blanks may be before it. */
  next(): string {
    const open = this.text.indexOf('<', this.at)
    const close = open < 0 ? -1 : this.text.indexOf('>', open)
    if (close < 0) throw refuse('a tag', 'the end')
    if (this.text.slice(this.at, open).trim() !== '') throw refuse('a tag', 'text')
    this.at = close + 1
    return this.text.slice(open + 1, close)
  }

  /** The text up to the end tag of `tag`, which is consumed. */
  textUntil(tag: string): string {
    const end = this.text.indexOf('<', this.at)
    if (end < 0) throw refuse(`</${tag}>`, 'the end')
    const text = this.text.slice(this.at, end)
    this.at = end
    expectTag(this.next(), `/${tag}`)
    return unescapeText(text)
  }
}

const readValue = (reader: TagReader, tag: string, depth: number): Plist => {
  if (depth > mostDepth) throw refuse(`at most ${mostDepth} levels`, 'more')
  switch (tag) {
    case 'dict/':
      return { type: 'dict', entries: new Map() }
    case 'array/':
      return { type: 'array', items: [] }
    case 'true/':
    case 'false/':
      return { type: 'bool', value: tag === 'true/' }
    case 'string/':
      return { type: 'string', text: '' }
    case 'data/':
      return { type: 'data', bytes: Buffer.alloc(0) }
    case 'dict':
      return readDict(reader, depth)
    case 'array':
      return readArray(reader, depth)
    case 'string':
      return { type: 'string', text: reader.textUntil('string') }
    case 'data':
      return { type: 'data', bytes: parseData(reader.textUntil('data')) }
    case 'integer':
      return parseInteger(reader.textUntil('integer').trim())
  }
  throw refuse('a property list value', 'another tag')
}

const readDict = (reader: TagReader, depth: number): Plist => {
  const entries = new Map<string, Plist>()
  for (let tag = reader.next(); tag !== '/dict'; tag = reader.next()) {
    expectTag(tag, 'key')
    const key = reader.textUntil('key')
    entries.set(key, readValue(reader, reader.next(), depth + 1))
  }
  return { type: 'dict', entries }
}

const readArray = (reader: TagReader, depth: number): Plist => {
  const items: Plist[] = []
  for (let tag = reader.next(); tag !== '/array'; tag = reader.next())
    items.push(readValue(reader, tag, depth + 1))
  return { type: 'array', items }
}

/** Hexadecimal is unsigned, decimal signed; proplib accepts both from either writer. */
const parseInteger = (text: string): Plist => {
  if (/^0x[0-9a-fA-F]{1,16}$/.test(text)) return { type: 'integer', value: BigInt(text), signed: false }
  if (/^-?[0-9]{1,20}$/.test(text)) return { type: 'integer', value: BigInt(text), signed: true }
  throw refuse('an integer', `${text.length} other characters`)
}

const parseData = (text: string): Buffer => {
  const base64 = text.replace(/\s/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0)
    throw refuse('base64', `${base64.length} other characters`)
  return Buffer.from(base64, 'base64')
}

const unescapeText = (text: string): string =>
  text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => entities[name] as string)

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const expectTag = (found: string, wanted: string): void => {
  if (found !== wanted) throw refuse(`<${wanted}>`, 'another tag')
}

const refuse = (expected: string, found: string) => malformedReply('property list', expected, found)
