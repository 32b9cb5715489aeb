// SPDX-License-Identifier: MIT
import { resolvconfDns } from '../bsd/resolvconf.ts'
import type { BsdSystem } from '../bsd/system.ts'

/** NetBSD, for which upstream has nothing: as FreeBSD, openresolv is part of the system. */
export const netbsdSystem: BsdSystem = {
  configurationFile: '/dev/stdin',
  ...resolvconfDns,
  dnsGoesFirst: false,
  forgets: true,
  hasFallback: false,
}
