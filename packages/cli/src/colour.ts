// SPDX-License-Identifier: MIT
import { isTerminal } from './terminal.ts'

/** How a piece of text is highlighted. */
export type Style = 'red' | 'yellow' | 'green' | 'cyan' | 'bold' | 'dim'

/** Highlights a piece of text, or returns it unchanged. */
export type Painter = (style: Style, text: string) => string

/**
 * The painter for a descriptor (1 or 2): WG_COLOR_MODE `always` and `never` take precedence, then NO_COLOR
 * (no-color.org), then whether it is a terminal. Loads chalk only if colour is needed.
 */
export const painterFor = async (descriptor: number, environment = process.env): Promise<Painter> => {
  const mode = environment['WG_COLOR_MODE']
  const wanted = mode === 'always' || (mode !== 'never' && !environment['NO_COLOR'] && isTerminal(descriptor))
  if (!wanted) return (_, text) => text
  const { Chalk } = await import('chalk')
  const chalk = new Chalk({ level: 1 })
  return (style, text) => chalk[style](text)
}
