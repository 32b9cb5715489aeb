// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { Session } from '../../session.ts'
import { hostOf } from './host-of.ts'

/**
 * A hint if an interface cannot come up: adding an address brings it up, and only then does the kernel open its port in
 * its routing table. Undefined if the tool's `message` is about something else.
 */
export const whyNotUp = async (op: Op, message: string, session: Session): Promise<string | undefined> => {
  if (op.do !== 'address.add' && op.do !== 'link.up') return undefined
  const taken = /Address already in use/.test(message)
  if (!taken && !/Invalid argument/.test(message)) return undefined
  const real = hostOf(session).knownName(session.name)
  const device = await session.dependencies.devices.read(real).catch(() => undefined)
  if (!device) return undefined
  if (taken) return `ListenPort ${device.listenPort} is in use; choose another one, or end what has it`
  return session.system.name === 'openbsd' && device.fwmark !== 0
    ? `FwMark ${device.fwmark} names a routing table; is there one of that number (route -T ${device.fwmark} show)?`
    : undefined
}
