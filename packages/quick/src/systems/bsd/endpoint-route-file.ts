// SPDX-License-Identifier: MIT
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { replaceStateFile } from '../../run/state-file.ts'
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
export const writeEndpointRoutes = (path: string, state: EndpointRouteState): void =>
  replaceStateFile(path, state)

/** Removes the state. */
export const removeEndpointRoutes = (path: string): void => rmSync(path, { force: true })
