// SPDX-License-Identifier: MIT

/** A section of a systemd unit or of a keyfile. Sections and keys may come again, so neither is an object. */
export interface UnitSection {
  readonly name: string
  readonly entries: ReadonlyArray<readonly [key: string, value: string]>
}

/** Prints sections; entries without value are left out, sections without entries too. */
export const printUnit = (sections: readonly UnitSection[]): string =>
  sections
    .map(({ name, entries }) => ({ name, entries: entries.filter(([, value]) => value !== '') }))
    .filter(({ entries }) => entries.length > 0)
    .map(({ name, entries }) =>
      [`[${name}]`, ...entries.map(([key, value]) => `${key}=${value}`), ''].join('\n'),
    )
    .join('\n')

/** Reads a unit: comments begin with `#` or `;`, a backslash at the end joins the next line (systemd.syntax(7)). */
export const readUnit = (text: string): UnitSection[] => {
  const sections: Array<{ name: string; entries: Array<[string, string]> }> = []
  for (const raw of text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const line = raw.trim()
    if (line === '' || /^[#;]/.test(line)) continue
    const header = /^\[(.*)\]$/.exec(line)?.[1]
    const equals = line.indexOf('=')
    if (header !== undefined) sections.push({ name: header, entries: [] })
    else if (equals > 0) {
      sections.at(-1)?.entries.push([line.slice(0, equals).trimEnd(), line.slice(equals + 1).trimStart()])
    }
  }
  return sections
}
