// SPDX-License-Identifier: MIT
import type { RouteLookup } from '@wgq/model/host'

/** Reads `route -n get ADDRESS`: its `interface:`, `gateway:` and (OpenBSD) `if address:` lines. */
export const parseRouteGet = (text: string): RouteLookup | undefined => {
  const dev = field(text, 'interface')
  if (dev === undefined) return undefined
  const gateway = field(text, 'gateway')
  const source = field(text, 'if address')
  return {
    dev,
    ...(gateway === undefined ? {} : { gateway }),
    ...(source === undefined ? {} : { source }),
  }
}

const field = (text: string, name: string): string | undefined =>
  new RegExp(`^\\s*${name}: (\\S+)`, 'm').exec(text)?.[1]
