// SPDX-License-Identifier: MIT
import type { Document } from './document.ts'
import { among, appKeys } from './file-keys.ts'
import { outline } from './outline.ts'

/** A configuration as the WireGuard apps read it. */
interface AppConfig {
  readonly text: string
  /** Keys and routing domains in the file that the apps refuse, as written, without duplicates. */
  readonly dropped: readonly string[]
}

const isAppKey = among(appKeys)

/** Returns the configuration without comments, blank lines and wg-quick's own keys, so that the QR code is small. */
export const appConfig = (document: Document): AppConfig => {
  const lines: string[] = []
  const dropped = new Map<string, string>()
  for (const section of outline(document)) {
    if (section.kind === 'interface') lines.push('[Interface]')
    else if (section.kind === 'peer') lines.push('[Peer]')
    for (const { key, name, value } of section.entries) {
      if (value.text === '') continue
      if (key === 'dns') {
        const words = value.text.split(/[,\t-\r ]+/).filter(Boolean)
        const kept = words.filter((word) => !word.startsWith('~'))
        for (const word of words) if (word.startsWith('~')) dropped.set(word, `DNS ${word}`)
        if (kept.length > 0) lines.push(`${name.text} = ${kept.join(', ')}`)
      } else if (isAppKey(key)) lines.push(`${name.text} = ${value.text}`)
      else dropped.set(key, name.text)
    }
  }
  return { text: `${lines.join('\n')}\n`, dropped: [...dropped.values()] }
}
