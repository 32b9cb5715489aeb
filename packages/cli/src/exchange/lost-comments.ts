// SPDX-License-Identifier: MIT
import { directiveNames } from '@wgq/config/directive-names'
import { directiveValue, interfaceDirectives } from '@wgq/config/directives'
import type { Document } from '@wgq/config/document'
import { peerBlocks } from '@wgq/config/peers/blocks'

/**
 * Sentences about comments that have an effect under wgq alone: directives of the interface, and peers that are
 * disabled or expire.
 */
export const lostComments = (document: Document): string[] => {
  const set = directivesThatAreSet(document)
  const blocks = peerBlocks(document)
  const expiring = blocks.flatMap(({ publicKey, name, expires, disabled }) =>
    expires === undefined || disabled ? [] : [name ?? `${publicKey.slice(0, 8)}…`],
  )
  const disabled = blocks.filter((block) => block.disabled).length
  return [
    ...(set.length > 0 ? [`${set.join(', ')}: comments that only wgq reads`] : []),
    ...(expiring.length > 0 ? [`Expires of ${expiring.join(', ')}: such a peer stays for ever`] : []),
    ...(disabled > 0 ? [`${disabled} disabled peer${disabled === 1 ? '' : 's'}: left out`] : []),
  ]
}

/** The names of the interface's directives that have a value other than off. */
export const directivesThatAreSet = (document: Document): string[] => {
  const directives = interfaceDirectives(document)
  return directiveNames.filter((name) => {
    const value = directiveValue(directives, name)
    return value !== undefined && !/^(?:off|no|false)$/i.test(value)
  })
}
