// SPDX-License-Identifier: MIT
import { systemContext } from '@wgq/config/wg/context'
import { readKeyFile } from '@wgq/config/wg/key-file'
import { readSetArguments } from '@wgq/config/wg/read-arguments'
import { changeDevice } from '../change-device.ts'
import type { Handler, Invocation } from '../command.ts'
import { writeErrBytes } from '../output.ts'
import { sayUsage } from '../say-usage.ts'

/** wg set: changes settings and peers; parses all words before it sends anything (spec wg §4). */
export const run: Handler = async (invocation) => {
  const [name, ...words] = invocation.args
  if (name === undefined || words.length === 0) return sayUsage(invocation)
  const context = systemContext(invocation.personality !== 'wgq', (line) => writeErrBytes(`${line}\n`))
  return changeDevice(
    invocation,
    name,
    await readSetArguments(await resolveNames(invocation, name, words), context, readKeyFile),
  )
}

/** Replaces `peer @phone` of wgq by the key with that name in the interface's file. */
const resolveNames = async (
  invocation: Invocation,
  device: string,
  words: readonly string[],
): Promise<readonly string[]> => {
  const isName = (word: string, index: number) => word.startsWith('@') && words[index - 1] === 'peer'
  if (invocation.personality !== 'wgq' || !words.some(isName)) return words
  const { peerKey } = await import('../observe/tunnels.ts')
  return words.map((word, index) => (isName(word, index) ? peerKey(device, word) : word))
}
