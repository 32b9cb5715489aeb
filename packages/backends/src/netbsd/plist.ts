// SPDX-License-Identifier: MIT

/** A property list value as proplib(3) knows it; integers are signed or unsigned 64-bit. */
export type Plist =
  | { readonly type: 'dict'; readonly entries: ReadonlyMap<string, Plist> }
  | { readonly type: 'array'; readonly items: readonly Plist[] }
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'data'; readonly bytes: Buffer }
  | { readonly type: 'integer'; readonly value: bigint; readonly signed: boolean }
  | { readonly type: 'bool'; readonly value: boolean }

const head = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
`

/** The text that prop_dictionary_externalize(3) writes: keys in byte order, tabs, unsigned integers in hexadecimal. */
export const printPlist = (value: Plist): string => `${head}${printValue(value, '')}</plist>\n`

const printValue = (value: Plist, indent: string): string => {
  switch (value.type) {
    case 'dict':
      return printContainer('dict', indent, dictLines(value.entries, `${indent}\t`))
    case 'array':
      return printContainer(
        'array',
        indent,
        value.items.map((item) => printValue(item, `${indent}\t`)),
      )
    case 'string':
      return `${indent}<string>${escapeText(value.text)}</string>\n`
    case 'data':
      return `${indent}<data>${value.bytes.toString('base64')}</data>\n`
    case 'integer':
      return `${indent}<integer>${value.signed ? value.value : `0x${value.value.toString(16)}`}</integer>\n`
    case 'bool':
      return `${indent}<${value.value}/>\n`
  }
}

const printContainer = (tag: string, indent: string, lines: readonly string[]): string =>
  lines.length === 0 ? `${indent}<${tag}/>\n` : `${indent}<${tag}>\n${lines.join('')}${indent}</${tag}>\n`

const dictLines = (entries: ReadonlyMap<string, Plist>, indent: string): string[] =>
  [...entries.keys()]
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((key) => `${indent}<key>${escapeText(key)}</key>\n${printValue(entries.get(key) as Plist, indent)}`)

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
