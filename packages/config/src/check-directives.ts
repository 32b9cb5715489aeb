// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { DirectiveName } from './directive-names.ts'
import { type Directive, directivesElsewhere, interfaceDirectives } from './directives.ts'
import { type Document, parseDocument } from './document.ts'

/** Returns whether a value means on or off. */
export const isSwitch = (value: string): boolean => /^(?:on|yes|true|off|no|false)$/i.test(value)

/** Directives that keep packets inside the tunnel: an unknown value must not count as `off`. */
const protections: readonly DirectiveName[] = ['KillSwitch', 'ReplyOutside']

/** Directives that `up` reads and whose values are unlikely in an unrelated comment. */
const distinct: readonly DirectiveName[] = [
  ...protections,
  'StickyPort',
  'SocketGroup',
  'KillSwitchAllow',
  'Masquerade',
]

/**
 * Refuses directives that `up` would silently ignore: `# KillSwitch = 1`, and `# KillSwitch = on` outside [Interface],
 * also in a drop-in file. Raises `E_VALUE` with the position.
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
  for (const { line, message, hint } of misplacedDirectives(document))
    throw new WgqError('E_VALUE', message, { at: { file, line, column: 1 }, hint })
}

/** What `up` refuses of the directives outside [Interface]. */
export const misplacedDirectives = (
  document: Document,
): ReadonlyArray<{ readonly line: number; readonly message: string; readonly hint: string }> =>
  directivesElsewhere(document).flatMap((directive) => {
    const name = nameIn(distinct, directive)
    if (name === undefined) return []
    const message = `${name} has no effect outside of [Interface]`
    return [
      { line: directive.line, message, hint: 'move the line below [Interface] of NAME.conf, or delete it' },
    ]
  })

/** Returns whether `up` refuses a value of this directive that is neither on nor off. */
export const isProtection = (name: DirectiveName): boolean => protections.includes(name)

const nameIn = (names: readonly DirectiveName[], { key }: Directive): DirectiveName | undefined =>
  names.find((name) => name.toLowerCase() === key)
