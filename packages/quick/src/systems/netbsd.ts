// SPDX-License-Identifier: MIT

import type { BsdPlaces } from './bsd/places.ts'
import { resolvconfDns } from './bsd/resolvconf.ts'
import { bsdSystem } from './bsd.ts'
import type { System } from './system.ts'

/** NetBSD, which upstream does not support: like FreeBSD; openresolv is part of the system. */
export const netbsd = (places?: BsdPlaces): System =>
  bsdSystem(
    {
      name: 'netbsd',
      configurationFile: '/dev/stdin',
      ...resolvconfDns,
      dnsGoesFirst: false,
      forgets: true,
      numbersInterfaces: true,
    },
    places,
  )
