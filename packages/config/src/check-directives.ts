// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { DirectiveName } from './directive-names.ts'
import { type Directive, directivesElsewhere, interfaceDirectives } from './directives.ts'
import { parseDocument } from './document.ts'

/** Says whether a value switches on or off. */
export const isSwitch = (value: string): boolean => /^(?:on|yes|true|off|no|false)$/i.test(value)

/** Those that say whether packets may leave outside: a value that nobody understands must not count as `off`. */
const protections: readonly DirectiveName[] = ['KillSwitch', 'ReplyOutside']

/** Comments that `up` reads, whose values nobody else writes into a comment by chance. */
const distinct: readonly DirectiveName[] = [
  ...protections,
  'StickyPort',
  'SocketGroup',
  'KillSwitchAllow',
  'Masquerade',
]

/**
 * Refuses what `up` would pass over in silence: `# KillSwitch = 1`, and `# KillSwitch = on` anywhere but in [Interface], a file
 * of peers included. Raises `E_VALUE` with the place.
 */
export const checkDirectives = (text: string, file: string): void => {
  if (!text.includes('#')) return
  const document = parseDocument(text)
  for (const directive of interfaceDirectives(document)) {
    const name = nameIn(protections, directive)
    if (name === undefined || directive.value === '' || isSwitch(directive.value)) continue
    throw new WgqError('E_VALUE', `${name} takes on or off, found ${JSON.stringify(directive.value)}`, {
      at: { file, line: directive.line, column: 1 },
      hint: `write \`# ${name} = on\` or \`# ${name} = off\`, with nothing behind`,
    })
  }
  for (const directive of directivesElsewhere(document)) {
    const name = nameIn(distinct, directive)
    if (name === undefined) continue
    throw new WgqError('E_VALUE', `${name} has no effect outside of [Interface]`, {
      at: { file, line: directive.line, column: 1 },
      hint: 'move the line below [Interface] of NAME.conf, or delete it',
    })
  }
}

const nameIn = (names: readonly DirectiveName[], { key }: Directive): DirectiveName | undefined =>
  names.find((name) => name.toLowerCase() === key)
