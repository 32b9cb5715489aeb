// SPDX-License-Identifier: MIT
import { interfaceIndex } from '@wgq/native/system'
import { freebsdDialect } from '../freebsd/dialect.ts'
import { netbsdDialect } from '../netbsd/dialect.ts'
import { openbsdDialect } from '../openbsd/dialect.ts'
import { systemRunner } from './command-runner.ts'
import { BsdHost } from './host.ts'

/** The BSDs by their names in `process.platform`. */
export type BsdPlatform = 'freebsd' | 'openbsd' | 'netbsd'

const dialects = { freebsd: freebsdDialect, openbsd: openbsdDialect, netbsd: netbsdDialect }

/** The network of this BSD. Without the native addon all interface indices are 0, which only loses a check. */
export const openBsdHost = (platform: BsdPlatform): BsdHost =>
  new BsdHost(dialects[platform], systemRunner, indexIfKnown)

/** if_nametoindex(3); undefined also if the addon is not built. */
export const indexIfKnown = (name: string): number | undefined => {
  try {
    return interfaceIndex(name)
  } catch {
    return undefined
  }
}
