// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import type { Lookup } from './lookup.ts'
import { glibcPort, type PortReader, strictPort } from './port.ts'

/**
 * What the value readers need from outside. Texts hold one character per byte (latin1), as files may hold any bytes.
 */
export interface WgContext {
  readonly ports: PortReader
  /**
   * Resolves an `Endpoint` to numbers, or undefined if it must be resolved later; raises the errors of
   * `resolveEndpoint`.
   */
  readonly resolve: (value: string) => Promise<Endpoint | undefined>
  /** Takes one line for standard error. */
  readonly warn: (line: string) => void
}

/**
 * The context of a program run. `exact` reads ports as glibc does, wrapping above 65535 (the names `wg` and
 * `wg-quick`); otherwise such ports are refused. `mayWait` leaves an endpoint unresolved while its name cannot be
 * looked up. `lookup` replaces the system's. The resolver is loaded on the first endpoint.
 */
export const systemContext = (
  exact: boolean,
  warn: (line: string) => void,
  mayWait = false,
  lookup?: Lookup,
): WgContext => {
  const ports = exact ? glibcPort() : strictPort()
  return {
    ports,
    warn,
    resolve: async (value) => {
      const [{ resolveEndpoint }, { systemLookup }] = await Promise.all([
        import('./resolve.ts'),
        import('./lookup.ts'),
      ])
      return resolveEndpoint(value, {
        ports,
        lookup: lookup ?? systemLookup,
        retries: process.env['WG_ENDPOINT_RESOLUTION_RETRIES'],
        warn,
        mayWait,
        sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      })
    },
  }
}
