// SPDX-License-Identifier: MIT
import { openDevices } from '@wgq/backends/devices'
import type { Device } from '@wgq/model/device'
import { visible } from '@wgq/model/shown'
import type { Handler } from '../command.ts'
import { withCounters } from '../device-counters.ts'
import { deviceErrorText, deviceFault } from '../device-fault.ts'
import { jsonText } from '../json-text.ts'
import { pause } from '../observe/pause.ts'
import { nameMap, namesOf } from '../observe/tunnels.ts'
import { writeErr, writeOut } from '../output.ts'
import { deviceJson } from '../show/json.ts'
import { readShowOptions, type ShowOptions } from '../show/options.ts'
import { run as show } from './show.ts'

const home = '\x1b[H\x1b[2J'

/** wgq show with options: `--json`, `--show-keys`, `--watch[=SECONDS]`. */
export const run: Handler = async (invocation) => {
  const options = readShowOptions(invocation.args)
  const once = (): Promise<number> =>
    options.json ? showJson(options) : show({ ...invocation, args: options.operands })
  if (options.watchSeconds === undefined) return once()
  const redraw = (await import('node:tty')).isatty(1)
  for (;;) {
    if (redraw) writeOut(home)
    const status = await once()
    if (status !== 0) return status
    await pause(options.watchSeconds)
  }
}

/** Prints one JSON document; on one line if it is repeated, so that a reader can split the output. */
const showJson = async ({ operands, showKeys, watchSeconds }: ShowOptions): Promise<number> => {
  const [name = 'all'] = operands
  const { devices, failed } = await readDevices(name)
  const interfaces = devices.map((device) => deviceJson(device, showKeys, nameMap(namesOf(device.name))))
  writeOut(`${jsonText({ interfaces }, watchSeconds === undefined ? 2 : 0)}\n`)
  return failed && devices.length === 0 ? 1 : 0
}

/** Reads the devices; `failed`: at least one could not be read, which was reported on standard error. */
const readDevices = async (name: string): Promise<{ devices: Device[]; failed: boolean }> => {
  const access = openDevices()
  const names = name === 'all' ? await access.list().catch(raise('Unable to list interfaces')) : [name]
  const devices: Device[] = []
  let failed = false
  for (const each of names) {
    try {
      devices.push(await withCounters(await access.read(each)))
    } catch (error) {
      if (name !== 'all') throw deviceFault('Unable to access interface', error)
      writeErr(`Unable to access interface ${visible(each)}: ${deviceErrorText(error)}\n`)
      failed = true
    }
  }
  return { devices, failed }
}

const raise = (about: string) => (error: unknown) => {
  throw deviceFault(about, error)
}
