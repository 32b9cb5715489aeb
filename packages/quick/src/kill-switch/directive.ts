// SPDX-License-Identifier: MIT
import { parseDocument } from '@wgq/config/document'
import { commentOf, isComment, outline } from '@wgq/config/outline'

/**
 * Says whether a configuration asks for the kill switch: a comment `# KillSwitch = on` in the [Interface] section, which
 * wg-quick passes over. The last one counts; `off`, `no` and `false` switch it off.
 */
export const wantsKillSwitch = (text: string): boolean => {
  const document = parseDocument(text)
  let wanted = false
  for (const section of outline(document)) {
    if (section.kind !== 'interface') continue
    for (const line of document.lines.slice(section.start, section.end)) {
      const comment = isComment(line.text) ? commentOf(line.text)?.text : undefined
      const value = /^#+\s*KillSwitch\s*=\s*(\S+)\s*$/i.exec(comment ?? '')?.[1]
      if (value !== undefined) wanted = /^(?:on|yes|true)$/i.test(value)
    }
  }
  return wanted
}
