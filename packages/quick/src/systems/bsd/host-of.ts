// SPDX-License-Identifier: MIT
import { BsdHost } from '@wgq/backends/bsd/host'
import type { Session } from '../../session.ts'

/** The host of a session on a BSD. */
export const hostOf = ({ dependencies: { host } }: Session): BsdHost => {
  if (host instanceof BsdHost) return host
  throw new Error('The host of this session is none of a BSD')
}
