// SPDX-License-Identifier: MIT
import { resolvconfDns } from '../bsd/resolvconf.ts'
import type { BsdSystem } from '../bsd/system.ts'

/** FreeBSD (spec wg-quick §10). */
export const freebsdSystem: BsdSystem = {
  configurationFile: '/dev/stdin',
  ...resolvconfDns,
  dnsGoesFirst: false,
  forgets: false,
  hasFallback: true,
}
