// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
import type { Op } from '@wgq/model/operation'
import type { Session } from '../session.ts'
import { planKillSwitchOn } from './manager.ts'

/**
 * The operation that blocks everything beside the tunnel, as far as its mark is known; none unless asked. It is for the
 * namespace of the interface: where that is not the one of the data plane, encrypted packets leave elsewhere.
 */
export const planKillSwitch = ({ name, killSwitch, into }: Session, found: Device | undefined): Op[] =>
  killSwitch
    ? [planKillSwitchOn(name, { mark: into === undefined ? (found?.fwmark ?? 0) : 0, resolvers: [] })]
    : []
