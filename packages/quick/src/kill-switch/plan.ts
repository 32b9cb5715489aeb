// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
import type { Op } from '@wgq/model/operation'
import type { Session } from '../session.ts'
import { writeKillSwitch } from './nft-text.ts'

/**
 * The operation that blocks everything beside the tunnel, as far as its endpoints and mark are known; none unless asked. It
 * is for the namespace of the interface: where that is not the one of the data plane, encrypted packets leave elsewhere.
 */
export const planKillSwitch = ({ name, killSwitch, into }: Session, found: Device | undefined): Op[] => {
  if (!killSwitch) return []
  const device = into === undefined ? found : undefined
  const endpoints = device?.peers.flatMap(({ endpoint }) => (endpoint ? [endpoint] : [])) ?? []
  return [
    {
      do: 'killswitch.on',
      dev: name,
      text: writeKillSwitch({ dev: name, endpoints, mark: device?.fwmark ?? 0 }),
    },
  ]
}
