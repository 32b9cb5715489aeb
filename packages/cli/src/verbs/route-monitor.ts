// SPDX-License-Identifier: MIT
import { openDevices } from '@wgq/backends/devices'
import { openHost } from '@wgq/backends/host'
import { WgqError } from '@wgq/model/error'
import { watchRoutes } from '@wgq/quick/systems/bsd/watch-routes'
import type { Handler } from '../command.ts'

/**
 * wgq route-monitor NAME FILE: the background process of a full tunnel on the BSDs, started by `wgq up`; not for users.
 */
export const run: Handler = async ({ args }) => {
  const [name, statePath] = args
  if (name === undefined || statePath === undefined)
    throw new WgqError('E_USAGE', `route-monitor takes a name and a file, found ${args.length} arguments`, {
      hint: '`wgq up` starts it where it is needed',
    })
  await watchRoutes(name, statePath, await openHost(), openDevices())
  return 0
}
