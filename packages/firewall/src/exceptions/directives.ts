// SPDX-License-Identifier: MIT
import { type Directive, directiveValue, interfaceDirectives } from '@wgq/config/directives'
import { parseDocument } from '@wgq/config/document'
import { formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'

/** What a file lets bypass a full tunnel and a kill switch. */
export interface Exceptions {
  /**
   * In this order: `NETWORK/LENGTH`, `dev NAME`, `uid NUMBER`, `replies` (answers to incoming connections), `lan`
   * (private networks, link-local addresses, broadcast and multicast within a network).
   */
  readonly allow: readonly string[]
  /** Put the rules of the default route right before the rule with this preference. */
  readonly before?: number
}

/**
 * Reads `# KillSwitchAllow = …` (repeatable), `# ReplyOutside = on` and `# Before = PRIORITY` of the [Interface]
 * section, which wg-quick ignores. Undefined if there is none. Raises `E_VALUE` with the position.
 */
export const exceptionsOf = (text: string, file: string): Exceptions | undefined => {
  const directives = interfaceDirectives(parseDocument(text))
  const allow = directives
    .filter(({ key }) => key === 'killswitchallow')
    .flatMap((directive) => allowed(directive, file))
  if (/^(?:on|yes|true)$/i.test(directiveValue(directives, 'ReplyOutside') ?? '')) allow.push('replies')
  const given = directives.findLast(({ key, value }) => key === 'before' && value !== '')
  const before = given === undefined ? undefined : preferenceOf(given, file)
  if (allow.length === 0 && before === undefined) return undefined
  return {
    allow: [...new Set(allow)].sort((a, b) => rank(a) - rank(b)),
    ...(before === undefined ? {} : { before }),
  }
}

/** A stable order of kinds; entries of one kind keep the order of the file. */
const rank = (token: string): number => {
  const kind = ['dev', 'uid', 'replies', 'lan'].indexOf(token.split(' ', 1)[0] as string)
  return kind + 1
}

const allowed = (directive: Directive, file: string): string[] =>
  directive.value
    .split(',')
    .map((word) => word.trim().replace(/\s+/g, ' '))
    .filter(Boolean)
    .map((word) => {
      const token = tokenOf(word)
      if (token !== undefined) return token
      throw wrong(directive, file, `KillSwitchAllow takes no ${JSON.stringify(word)}`, allowHint)
    })

const allowHint =
  'write `lan`, a network (192.168.1.0/24), `dev INTERFACE` or `uid NUMBER`, several with commas'

const tokenOf = (word: string): string | undefined => {
  if (/^lan$/i.test(word)) return 'lan'
  const [, kind = '', value = ''] = /^(dev|uid) (.+)$/i.exec(word) ?? []
  if (kind.toLowerCase() === 'dev') return /^[^\s/"'\\{};#,*]{1,15}$/.test(value) ? `dev ${value}` : undefined
  if (kind.toLowerCase() === 'uid')
    return /^\d{1,10}$/.test(value) && Number(value) < 0xffff_ffff ? `uid ${Number(value)}` : undefined
  const cidr = parseCidr(word)
  // A network of all addresses is not an exception.
  return cidr && cidr.prefixLength > 0 ? formatCidr(maskCidr(cidr)) : undefined
}

const preferenceOf = (directive: Directive, file: string): number => {
  const { value } = directive
  if (/^\d{1,5}$/.test(value) && Number(value) >= 4 && Number(value) <= 32_766) return Number(value)
  throw wrong(
    directive,
    file,
    `Before takes the preference of a rule from 4 to 32766, found ${JSON.stringify(value)}`,
    '`ip rule` lists the rules, each with its preference in front',
  )
}

const wrong = ({ line }: Directive, file: string, message: string, hint: string): WgqError =>
  new WgqError('E_VALUE', message, { at: { file, line, column: 1 }, hint })
