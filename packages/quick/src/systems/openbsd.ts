// SPDX-License-Identifier: MIT
import type { BsdPlaces } from './bsd/places.ts'
import { resolvdDns } from './bsd/resolvd.ts'
import { bsdSystem } from './bsd.ts'
import type { System } from './system.ts'

/** OpenBSD (spec wg-quick §11). */
export const openbsd = (places?: BsdPlaces): System =>
  bsdSystem(
    {
      name: 'openbsd',
      // What upstream's process substitution looks like.
      configurationFile: '/dev/fd/63',
      ...resolvdDns,
      dnsGoesFirst: true,
      forgets: false,
      numbersInterfaces: true,
    },
    places,
  )
