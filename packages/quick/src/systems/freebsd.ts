// SPDX-License-Identifier: MIT

import type { BsdPlaces } from './bsd/places.ts'
import { resolvconfDns } from './bsd/resolvconf.ts'
import { bsdSystem } from './bsd.ts'
import type { System } from './system.ts'

/** FreeBSD (spec wg-quick §10). */
export const freebsd = (places?: BsdPlaces): System =>
  bsdSystem(
    {
      name: 'freebsd',
      configurationFile: '/dev/stdin',
      ...resolvconfDns,
      dnsGoesFirst: false,
      forgets: false,
      numbersInterfaces: false,
    },
    places,
  )
