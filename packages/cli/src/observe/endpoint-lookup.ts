// SPDX-License-Identifier: MIT
import { type Address, type Lookup, LookupFailure, systemLookup } from '@wgq/config/wg/lookup'
import { isWgqError } from '@wgq/model/error'
import { parseIp } from '@wgq/model/ip'
import type { NameHelp } from '@wgq/quick/dependencies'
import { addressesBeside } from './names-beside.ts'

/**
 * Set for the verbs that a follower runs: names with a known address are not resolved again, because the follower does
 * that.
 */
export const knownNamesVariable = 'WGQ_KNOWN_NAMES'

/**
 * Resolves endpoint names while a tunnel may cover the route to the name servers. If no server answers, uses the last
 * address of the name and calls `say` with a line about it.
 */
export const helpedLookup =
  ({ mark, known }: NameHelp, env: NodeJS.ProcessEnv, say: (line: string) => void): Lookup =>
  async (host) => {
    const last = addressOf(known[host])
    if (last && env[knownNamesVariable] !== undefined) return last
    const beside =
      mark === 0 || isNumeric(host) ? undefined : await unlessImpossible(addressesBeside(host, mark))
    const found = addressOf(beside?.addresses[0])
    if (found) return found
    try {
      // The system's resolver may block for a long time if a tunnel is dead.
      if (last && mark !== 0) throw new LookupFailure('No name server answers', false)
      return await systemLookup(host)
    } catch (error) {
      if (!(error instanceof LookupFailure) || !last) throw error
      say(`[!] ${error.text}: \`${host}'. Going on with its last address, ${last.address}\n`)
      return last
    }
  }

const isNumeric = (host: string): boolean => parseIp(host.replace(/%.*/, '')) !== undefined

const addressOf = (text: string | undefined): Address | undefined => {
  const bytes = text === undefined ? undefined : parseIp(text)
  return bytes && { family: bytes.length === 4 ? 4 : 6, address: text as string }
}

/** Packets cannot be marked without the addon. */
const unlessImpossible = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work
  } catch (error) {
    if (isWgqError(error) || (error as NodeJS.ErrnoException).code === 'E_NO_ADDON') return undefined
    throw error
  }
}
