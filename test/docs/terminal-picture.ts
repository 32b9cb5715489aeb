// SPDX-License-Identifier: MIT

/** Classes of the picture's letters, by the parameter that begins them (ECMA-48 §8.3.117); 0, 22 and 39 end them. */
const classes: Readonly<Record<string, string>> = {
  1: 'bold',
  2: 'faint',
  31: 'red',
  32: 'green',
  33: 'yellow',
  36: 'cyan',
}
const ends: Readonly<Record<string, readonly string[]>> = {
  0: Object.values(classes),
  22: ['bold', 'faint'],
  39: ['red', 'green', 'yellow', 'cyan'],
}

const style = `rect { fill: #16181d }
text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d5d8de; white-space: pre }
.bold { font-weight: bold } .faint { fill: #8b909a } .red { fill: #f2777a } .green { fill: #8fc98f }
.yellow { fill: #e8c268 } .cyan { fill: #74c0d8 } .typed { fill: #ffffff; font-weight: bold }`

/** Width of a letter and height of a line, in pixels. */
const letter = { width: 7.85, height: 18 }
const margin = 16

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/**
 * A picture (SVG) of what a terminal shows.
 * @param screen lines with escape sequences for colours, each with `\e` for the letter ESC; those that begin with `$ ` were typed
 * @param columns the width of the terminal
 */
export const terminalPicture = (screen: string, columns: number): string => {
  const lines = screen.trimEnd().split('\n')
  const width = Math.ceil(2 * margin + columns * letter.width)
  const height = 2 * margin + lines.length * letter.height
  const texts = lines.map((line, index) => {
    const y = margin + letter.height * index + 13
    return `<text x="${margin}" y="${y}">${line.startsWith('$ ') ? typed(line) : spans(line)}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" xml:space="preserve">`,
    '<!-- Made from what the programs print by test/docs/picture.test.ts, with WGQ_UPDATE_SCREENS=1. -->',
    '<title>A terminal: wgq up, show and doctor</title>',
    `<style>${style}</style>`,
    '<rect width="100%" height="100%" rx="8"/>',
    ...texts,
    '</svg>\n',
  ].join('\n')
}

const typed = (line: string): string => `<tspan class="typed">${escaped(line)}</tspan>`

/** The spans of one line; classes hold from an escape sequence to the one that ends them. */
const spans = (line: string): string => {
  const held = new Set<string>()
  return line
    .split(/(\\e\[[0-9;]*m)/)
    .map((part) => {
      const parameters = /^\\e\[([0-9;]*)m$/.exec(part)?.[1]
      if (parameters === undefined) {
        if (part === '' || held.size === 0) return escaped(part)
        return `<tspan class="${[...held].join(' ')}">${escaped(part)}</tspan>`
      }
      for (const parameter of parameters.split(';')) {
        for (const name of ends[parameter || '0'] ?? []) held.delete(name)
        const name = classes[parameter]
        if (name) held.add(name)
        else if (!ends[parameter || '0']) throw new Error(`no colour of the picture for ${parameter}`)
      }
      return ''
    })
    .join('')
}
