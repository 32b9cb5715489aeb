// SPDX-License-Identifier: MIT
import { systemContext } from '@wgq/config/wg/context'
import { readKeyFile } from '@wgq/config/wg/key-file'
import { readSetArguments } from '@wgq/config/wg/read-arguments'
import { changeDevice } from '../change-device.ts'
import type { Handler } from '../command.ts'
import { writeErr, writeErrBytes } from '../output.ts'
import { usageLine } from '../usage.ts'

/** wg set: single settings and peers, all words read before anything is sent (spec wg §4). */
export const run: Handler = async (invocation) => {
  const [name, ...words] = invocation.args
  if (name === undefined || words.length === 0) {
    writeErr(usageLine(invocation))
    return 1
  }
  const context = systemContext(invocation.personality !== 'wgq', (line) => writeErrBytes(`${line}\n`))
  return changeDevice(name, await readSetArguments(words, context, readKeyFile))
}
