// SPDX-License-Identifier: MIT
import { readConfigFile } from '@wgq/config/config-file'
import { parseDocument } from '@wgq/config/document'
import { commentOf, isComment, outline } from '@wgq/config/outline'

/** What comments of the [Interface] section ask of the built-in data plane, as its environment: `# StickyPort = on`. */
export const dataPlaneEnvironment = (configPath: string): Readonly<Record<string, string>> => {
  const document = parseDocument(readConfigFile(configPath).text)
  const wanted = outline(document)
    .filter(({ kind }) => kind === 'interface')
    .flatMap(({ start, end }) => document.lines.slice(start, end))
    .flatMap(({ text }) => (isComment(text) ? (commentOf(text)?.text ?? []) : []))
    .flatMap((comment) => /^#\s*StickyPort\s*=\s*(on|off)$/i.exec(comment)?.[1]?.toLowerCase() ?? [])
    .at(-1)
  return wanted === undefined ? {} : { WGQ_STICKY_PORT: wanted === 'on' ? '1' : '0' }
}
