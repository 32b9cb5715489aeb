// SPDX-License-Identifier: MIT
import { errnoText } from '@wgq/model/errno'
import type { Session } from './session.ts'
import { readRouting } from './state/routes.ts'

/**
 * Under upstream's name, prints what upstream's query for the mark of a missing interface prints: it queries only if a
 * default route could have been set, and treats `all` as every interface.
 */
export const sayInaccessible = async ({ name, dependencies, settings, style }: Session): Promise<void> => {
  if (style !== 'wg-quick' || name === 'all' || readRouting(settings.table?.value).to !== 'auto') return
  try {
    await dependencies.devices.read(name)
  } catch (error) {
    const { errno } = error as { errno?: string }
    if (errno !== undefined) dependencies.print(`Unable to access interface: ${errnoText(errno)}\n`)
  }
}
