// SPDX-License-Identifier: MIT
import { parseDocument } from '@wgq/config/document'
import { outline } from '@wgq/config/outline'

/**
 * Says whether a configuration asks for the kill switch: a comment `# KillSwitch = on` between the [Interface] header and
 * the next one, which wg-quick passes over. The last one counts; `off`, `no` and `false` switch it off.
 */
export const wantsKillSwitch = (text: string): boolean => {
  const { lines } = parseDocument(text)
  const sections = outline({ lines })
  let wanted = false
  for (const [at, { kind, header }] of sections.entries()) {
    if (kind !== 'interface') continue
    for (const line of lines.slice(header + 1, sections[at + 1]?.header)) {
      const value = /^\s*#+\s*KillSwitch\s*=\s*(\S+)\s*$/i.exec(line.text)?.[1]
      if (value !== undefined) wanted = /^(?:on|yes|true)$/i.test(value)
    }
  }
  return wanted
}
