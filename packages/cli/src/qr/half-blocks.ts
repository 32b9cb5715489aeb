// SPDX-License-Identifier: MIT

/**
 * Draws rows of modules (true is dark) with half blocks, two rows per line. Draws the light modules, for light text on
 * a dark background; `inverted` draws the dark ones.
 */
export const halfBlocks = (rows: ReadonlyArray<readonly boolean[]>, inverted = false): string => {
  const lines: string[] = []
  for (let y = 0; y < rows.length; y += 2) {
    const upper = rows[y] as readonly boolean[]
    // The row below the last one is light, like the border.
    const lower = rows[y + 1] ?? upper.map(() => false)
    lines.push(upper.map((dark, x) => block(dark === inverted, (lower[x] as boolean) === inverted)).join(''))
  }
  return `${lines.join('\n')}\n`
}

const block = (upper: boolean, lower: boolean): string => (upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ')

/** Sets each line black on white, whatever the terminal's colours; for drawings made with `inverted`. */
export const onWhite = (drawing: string): string => drawing.replace(/^.+$/gm, '\x1b[30;107m$&\x1b[0m')
