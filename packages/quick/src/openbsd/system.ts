// SPDX-License-Identifier: MIT
import type { BsdSystem } from '../bsd/system.ts'
import { planResolvd, setResolvd, unsetResolvd } from './dns.ts'

/** OpenBSD (spec wg-quick §11). */
export const openbsdSystem: BsdSystem = {
  // What upstream's process substitution looks like.
  configurationFile: '/dev/fd/63',
  planDns: planResolvd,
  setDns: setResolvd,
  unsetDns: unsetResolvd,
  dnsGoesFirst: true,
  forgets: false,
  hasFallback: false,
}
