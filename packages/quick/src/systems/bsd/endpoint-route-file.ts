// SPDX-License-Identifier: MIT
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EndpointRouteState } from './endpoint-routes.ts'

/** Path of the state file of a tunnel's endpoint routes. */
export const endpointRouteFile = (runDirectory: string, name: string): string =>
  join(runDirectory, `${name}.endpoints`)

/** Reads the state; undefined if there is none or it cannot be parsed. */
export const readEndpointRoutes = (path: string): EndpointRouteState | undefined => {
  try {
    const state = JSON.parse(readFileSync(path, 'utf8')) as EndpointRouteState
    return Array.isArray(state.added) && Array.isArray(state.families) ? state : undefined
  } catch {
    return undefined
  }
}

/** Writes the state atomically. */
export const writeEndpointRoutes = (path: string, state: EndpointRouteState): void => {
  writeFileSync(`${path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Removes the state. */
export const removeEndpointRoutes = (path: string): void => rmSync(path, { force: true })
