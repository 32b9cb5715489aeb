// SPDX-License-Identifier: MIT

import type { Device, DeviceAccess } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { visible } from '@wgq/model/shown'
import type { Handler, Invocation } from '../command.ts'
import { deviceErrorText, deviceFault } from '../device-fault.ts'
import { devicesFor } from '../devices-for.ts'
import { writeErr, writeOut } from '../output.ts'
import { sayUsage } from '../say-usage.ts'
import { paintFor } from '../show/colour.ts'
import { formatField, isFieldName } from '../show/fields.ts'
import { formatHuman } from '../show/human.ts'

const helpWords = ['-h', '--help', 'help']

/** wg show: prints interfaces for users, or one field of them for scripts (spec wg §2). */
export const run: Handler = async (invocation) => {
  const { args } = invocation
  // Options that wg does not have; in its own grammar only --help begins with two dashes.
  if (invocation.personality === 'wgq' && args.some((arg) => arg.startsWith('--'))) {
    return (await import('./show-more.ts')).run(invocation)
  }
  const [name = 'all', field] = args
  if (args.length === 1 && helpWords.includes(name)) {
    await sayUsage(invocation)
    return 0
  }
  if (args.length > 2 || (name === 'interfaces' && args.length > 1)) return sayUsage(invocation)
  const devices = devicesFor(invocation)
  if (name === 'interfaces') return showNames(devices)
  if (name === 'all') return showAll(devices, field, invocation)
  const device = await readDevice(devices, name)
  const text = await format(device, field, '', invocation)
  return text === undefined ? wrongField(field, invocation) : print(text)
}

const print = (text: string): number => {
  writeOut(text)
  return 0
}

const readDevice = async (devices: DeviceAccess, name: string): Promise<Device> => {
  try {
    return await devices.read(name)
  } catch (error) {
    throw deviceFault('Unable to access interface', error)
  }
}

const listNames = async (devices: DeviceAccess): Promise<string[]> => {
  try {
    return await devices.list()
  } catch (error) {
    throw deviceFault('Unable to list interfaces', error)
  }
}

const showNames = async (devices: DeviceAccess): Promise<number> => {
  const names = await listNames(devices)
  return names.length === 0 ? 0 : print(`${names.join(' ')}\n`)
}

/** Shows every interface and skips unreadable ones; fails only if none was readable (spec wg §2.1). */
const showAll = async (
  devices: DeviceAccess,
  field: string | undefined,
  invocation: Invocation,
): Promise<number> => {
  const names = await listNames(devices)
  let shown = 0
  for (const [index, name] of names.entries()) {
    let device: Device
    try {
      device = await devices.read(name)
    } catch (error) {
      writeErr(`Unable to access interface ${visible(name)}: ${deviceErrorText(error)}\n`)
      continue
    }
    const text = await format(device, field, `${name}\t`, invocation)
    if (text === undefined) return wrongField(field, invocation)
    writeOut(text)
    // A blank line precedes every further name, even one that will fail.
    if (field === undefined && index < names.length - 1) writeOut('\n')
    shown++
  }
  return shown > 0 || names.length === 0 ? 0 : 1
}

/** The text of a device, or undefined for an unknown field. */
const format = async (
  device: Device,
  field: string | undefined,
  prefix: string,
  { personality }: Invocation,
): Promise<string | undefined> => {
  if (field !== undefined) return isFieldName(field) ? formatField(device, field, prefix) : undefined
  return formatHuman(device, {
    ...(personality === 'wgq' && { peerNames: await namesByKey(device.name) }),
    paint: paintFor(process.env['WG_COLOR_MODE']),
    revealKeys: process.env['WG_HIDE_KEYS'] === 'never',
    nowSeconds: BigInt(Math.floor(Date.now() / 1000)),
  })
}

const wrongField = (field: string | undefined, invocation: Invocation): Promise<number> =>
  sayUsage(invocation, `Invalid parameter: \`${field}'\n`)

const namesByKey = async (device: string): Promise<ReadonlyMap<Key, string>> => {
  const { nameMap, namesOf } = await import('../observe/tunnels.ts')
  return nameMap(namesOf(device))
}
