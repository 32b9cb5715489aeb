// SPDX-License-Identifier: MIT
import { closeSync, fstatSync } from 'node:fs'
import { checkEncoding } from '@wgq/config/encoding'
import { decodeSource } from '@wgq/config/source'
import { systemContext } from '@wgq/config/wg/context'
import { openFile, readAll } from '@wgq/config/wg/key-file'
import { replaceAll, synchronise } from '@wgq/config/wg/modes'
import { readWgFile } from '@wgq/config/wg/read-file'
import type { DeviceChange } from '@wgq/model/device'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import { changeDevice, cutName } from '../change-device.ts'
import type { Handler, Invocation } from '../command.ts'
import { deviceFault } from '../device-fault.ts'
import { devicesFor } from '../devices-for.ts'
import { writeErrBytes } from '../output.ts'
import { sayUsage } from '../say-usage.ts'

/** wg setconf, addconf, syncconf: reads the whole file and resolves names before it changes the device (spec wg §5). */
export const run: Handler = async (invocation) => {
  const [name, file] = invocation.args
  if (name === undefined || file === undefined || invocation.args.length !== 2) return sayUsage(invocation)
  const context = systemContext(invocation.personality !== 'wgq', (line) => writeErrBytes(`${line}\n`))
  const text = contentOf(file, invocation.personality === 'wgq')
  const change = await readWgFile(text, file, context)
  if (invocation.verb === 'addconf') return changeDevice(invocation, name, change)
  if (invocation.verb === 'setconf' || change.peers.length === 0)
    return changeDevice(invocation, name, replaceAll(change))
  return changeDevice(invocation, name, await synchronised(invocation, name, change))
}

/** For wg a directory is an empty file, which takes everything away, and UTF-16 a line; wgq says what is wrong. */
const contentOf = (file: string, strict: boolean): string => {
  const fd = openFile(file)
  try {
    if (strict && fstatSync(fd).isDirectory()) {
      throw new WgqError('E_FILE', `Cannot read ${file}: ${errnoText('EISDIR')}`, { errno: 'EISDIR' })
    }
    const text = readAll(fd)
    if (strict) checkEncoding(decodeSource(Buffer.from(text, 'latin1')).text, file)
    return text
  } finally {
    closeSync(fd)
  }
}

const synchronised = async (
  invocation: Invocation,
  name: string,
  change: DeviceChange,
): Promise<DeviceChange> => {
  const devices = devicesFor(invocation)
  try {
    return synchronise(change, await devices.read(cutName(name)))
  } catch (error) {
    throw deviceFault('Unable to retrieve current interface configuration', error)
  }
}
