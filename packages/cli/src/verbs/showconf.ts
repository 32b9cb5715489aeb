// SPDX-License-Identifier: MIT

import { formatConf } from '@wgq/quick/format-conf'
import type { Handler } from '../command.ts'
import { deviceFault } from '../device-fault.ts'
import { devicesFor } from '../devices-for.ts'
import { writeOut } from '../output.ts'
import { sayUsage } from '../say-usage.ts'

/** wg showconf: prints the running settings as a configuration (spec wg §3). */
export const run: Handler = async (invocation) => {
  const [name] = invocation.args
  if (name === undefined || invocation.args.length !== 1) return sayUsage(invocation)
  const devices = devicesFor(invocation)
  try {
    writeOut(formatConf(await devices.read(name)))
    return 0
  } catch (error) {
    throw deviceFault('Unable to access interface', error)
  }
}
