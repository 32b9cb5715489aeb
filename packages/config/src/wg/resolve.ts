// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { plainEndpoint, splitEndpoint } from './endpoint.ts'
import { fault } from './fault.ts'
import { type Lookup, LookupFailure, serviceUnknown } from './lookup.ts'
import type { PortReader } from './port.ts'
import { readRetries, retryDelays } from './retry-policy.ts'

/** What resolving an endpoint needs from outside. */
interface ResolveSettings {
  readonly ports: PortReader
  readonly lookup: Lookup
  /** Value of WG_ENDPOINT_RESOLUTION_RETRIES. */
  readonly retries: string | undefined
  /** Takes one line for standard error, one character per byte. */
  readonly warn: (line: string) => void
  readonly sleep: (milliseconds: number) => Promise<void>
  /** A name that cannot be looked up now, though perhaps later, is not an error: the endpoint stays unresolved. */
  readonly mayWait?: boolean
}

/** Retries of a start that may continue without an endpoint: about four seconds, so as not to delay a boot. */
const retriesBeforeWaiting = '3'

/**
 * `Endpoint`: resolves `HOST:PORT` to numbers, with retries by wg's policy (spec wg §6.6, §6.7). An unknown port name
 * is retried too, as getaddrinfo's error for it is not final. Raises `E_VALUE`, and `E_ENVIRONMENT` for a bad retry
 * count even without a lookup. Undefined only if `mayWait` allows it.
 */
export const resolveEndpoint = async (
  value: string,
  settings: ResolveSettings,
): Promise<Endpoint | undefined> => {
  const retries = readRetries(settings.retries ?? (settings.mayWait ? retriesBeforeWaiting : undefined))
  const plain = plainEndpoint(value)
  if (plain) return plain
  const { host, port } = splitEndpoint(value)
  const delays = retryDelays(retries)
  for (;;) {
    try {
      const number = settings.ports(port)
      if (number === undefined) throw serviceUnknown
      return { ...(await settings.lookup(host)), port: number }
    } catch (error) {
      if (!(error instanceof LookupFailure)) throw error
      const delay = error.final ? undefined : delays.next()
      if (!delay || delay.done) {
        if (!settings.mayWait || error.final || error === serviceUnknown) throw unresolved(error, value)
        settings.warn(
          `[!] ${error.text}: \`${value}'. The peer has no endpoint until the name is known: wgq watch --reresolve`,
        )
        return undefined
      }
      const seconds = (delay.value / 1_000_000).toFixed(2)
      settings.warn(`${error.text}: \`${value}'. Trying again in ${seconds} seconds...`)
      await settings.sleep(delay.value / 1000)
    }
  }
}

const unresolved = (failure: LookupFailure, value: string) =>
  fault(
    `${failure.text}: \`${value}'`,
    `The endpoint ${JSON.stringify(value)} has no address: ${failure.text}`,
    failure === serviceUnknown
      ? 'a port is a number or the name of a UDP service'
      : 'check the name and the DNS servers',
  )
