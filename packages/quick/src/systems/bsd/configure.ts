// SPDX-License-Identifier: MIT
import type { DeviceAccess } from '@wgq/model/device'
import { isWgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import { act } from '../../run/act.ts'
import type { Session } from '../../session.ts'

/**
 * `wg addconf`. wg prints only the text of strerror; a refusal by wgq itself (a table above 255, a 17th allowed IP)
 * needs its reason. Raises {@link Failure}.
 */
export const configure = (op: Extract<Op, { do: 'device.configure' }>, session: Session): Promise<void> => {
  const { devices, print } = session.dependencies
  const change: DeviceAccess['change'] = (name, wanted) =>
    devices.change(name, wanted).catch((error: unknown) => {
      if (isWgqError(error) && error.hint !== undefined) print(`${error.message}. ${error.hint}\n`)
      throw error
    })
  const telling = { list: () => devices.list(), read: (name: string) => devices.read(name), change }
  return act(op, { ...session, dependencies: { ...session.dependencies, devices: telling } })
}
