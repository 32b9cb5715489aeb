// SPDX-License-Identifier: MIT
import { acrossNul, hideKeys, visible } from '@wgq/model/shown'

/** Longer lines are cut to a part around the caret. */
const mostShown = 160

/**
 * A line of a configuration file that is safe to show, with columns unchanged: masks possible private or preshared keys
 * and makes control characters visible.
 */
export const shownLine = (text: string): string => visible(hideSecrets(text))

/** The part of a line around a column, and the column within it; lines may be megabytes long. */
export const shownWindow = (
  text: string,
  column: number,
): { readonly text: string; readonly column: number } => {
  if (text.length <= mostShown) return { text: shownLine(text), column }
  const start = Math.max(0, Math.min(column - 1 - mostShown / 2, text.length - mostShown))
  // What to hide depends on the beginning of the line and on whole words, which extend beyond the window.
  const from = Math.max(0, start - mostShown)
  const name = assignedSecret(text.slice(0, mostShown).replaceAll('\0', ''))
  const piece = text.slice(from, start + 2 * mostShown)
  const hidden = visible(
    name === undefined ? hideKeys(piece) : from === 0 ? hideSecrets(piece) : piece.replace(/\S/g, '*'),
  )
  const shown = hidden.slice(start - from, start - from + mostShown)
  return { text: `${start > 0 ? '…' : ''}${shown}…`, column: column - start + (start > 0 ? 1 : 0) }
}

/**
 * Masks the value of a secret key, whatever its length, and any other long word that looks like one and is not labelled
 * public.
 */
const hideSecrets = (text: string): string => acrossNul(text, hideSecretsOf)

const hideSecretsOf = (text: string): string => {
  const equals = assignedSecret(text)
  if (equals === undefined) return hideKeys(text)
  return text.slice(0, equals) + text.slice(equals).replace(/\S/g, '*')
}

/** The position of a secret value: `PrivateKey = …`, also commented out, `private-key=…`, `HeaderProtectionKey = …`. */
const assignedSecret = (text: string): number | undefined => {
  const match = /^[\s\0#;]*([\w -]{0,40}?(?:key|secret|psk|password|token))\s*=/i.exec(text)
  return match && !/public|^\s*wg\s/i.test(match[1] as string) ? match[0].length : undefined
}
