// SPDX-License-Identifier: MIT

import { WgqError } from '@wgq/model/error'
import type { Host, RouteLookup } from '@wgq/model/host'
import type { Session } from '../../session.ts'
import { isDefault } from '../../state/routes.ts'
import type { Reached } from '../system.ts'

/** WireGuard's overhead: 40 (IPv6) + 8 (UDP) + 16 (header) + 16 (tag); upstream uses it for IPv4 too. */
const overheadBytes = 80
const fallbackMtu = 1500

/**
 * The MTU of a tunnel whose file sets none: the smallest MTU on the routes to the endpoints, else that of the default
 * route, else 1500, minus 80 (spec wg-quick §6.1). Skips unreachable endpoints. Upstream does not recognize `mtu lock`
 * and uses the MTU of the link instead. `onUnreachable` is called once for each endpoint without a route. Raises the
 * host's errors.
 */
export const automaticMtu = async (
  host: Host,
  peers: readonly Reached[],
  style: Session['style'],
  onUnreachable: (address: string) => void = () => {},
): Promise<number> => {
  const mtuOf = async (route: RouteLookup | undefined): Promise<number | undefined> => {
    const own = route?.mtuLocked && style === 'wg-quick' ? undefined : route?.mtu
    return own ?? (route?.dev === undefined ? undefined : (await host.link(route.dev))?.mtu)
  }
  let smallest: number | undefined
  for (const address of new Set(peers.flatMap(reachableAddress))) {
    const route = await host.routeTo(address)
    if (!route) onUnreachable(address)
    const found = await mtuOf(route)
    if (found !== undefined && (smallest === undefined || found < smallest)) smallest = found
  }
  if (smallest) return smallest - overheadBytes
  const byDefault = await mtuOf((await host.routes({ family: 4 })).find(({ dst }) => isDefault(dst)))
  return (byDefault || fallbackMtu) - overheadBytes
}

/** The minimum MTU of IPv6 (RFC 8200 §5): below it the kernel disables IPv6 on an interface. */
const leastIpv6Mtu = 1280

/** An MTU to set, and a note to print about it. */
interface ChosenMtu {
  readonly mtu: string
  readonly notice?: string
}

/**
 * The MTU of a tunnel with IPv6 addresses or routes: raises the automatic one to 1280, because larger packets only cost
 * fragments. Raises `E_MTU` for a smaller one in the file.
 */
export const ipv6Mtu = (name: string, given: string | undefined, automatic: number): ChosenMtu => {
  if (given === undefined) {
    if (automatic >= leastIpv6Mtu) return { mtu: String(automatic) }
    const notice = `[!] MTU ${automatic} is too small for the IPv6 of ${name}: going on with ${leastIpv6Mtu}.\n`
    return { mtu: String(leastIpv6Mtu), notice }
  }
  // The system rejects what is not a number.
  if (!/^\d+$/.test(given) || Number(given) >= leastIpv6Mtu) return { mtu: given }
  throw new WgqError('E_MTU', `MTU ${given} is too small for the IPv6 of ${name}`, {
    hint: `\`MTU = ${leastIpv6Mtu}\` keeps it; or leave out its IPv6 addresses and allowed IPs`,
  })
}

/**
 * The MTU to set: the file's, else the automatic one. If `ipv6` is wanted it is large enough for that under wgq's own
 * name, and a line says so. Raises `E_MTU`, and the errors of {@link automaticMtu}.
 */
export const chooseMtu = async (
  { name, style, settings, dependencies }: Session,
  peers: readonly Reached[],
  ipv6: boolean,
): Promise<string> => {
  const given = settings.mtu?.value
  const unreachable = new Set<string>()
  const automatic =
    given === undefined
      ? await automaticMtu(dependencies.host, peers, style, (address) => unreachable.add(address))
      : 0
  if (style === 'wg-quick') await sayUnreachable(dependencies, peers, unreachable)
  if (style === 'wg-quick' || !ipv6) return given ?? String(automatic)
  const { mtu, notice } = ipv6Mtu(name, given, automatic)
  if (notice !== undefined) dependencies.print(notice)
  return mtu
}

/** Prints for each peer whose endpoint has no route why, as the `ip route get` of upstream does. */
const sayUnreachable = async (
  { host, print }: Session['dependencies'],
  peers: readonly Reached[],
  unreachable: ReadonlySet<string>,
): Promise<void> => {
  for (const address of peers.flatMap(reachableAddress)) {
    if (!unreachable.has(address)) continue
    const answer = await host.askRoute?.(address)
    if (answer && 'refusal' in answer) print(`${answer.refusal}\n`)
  }
}

/** Endpoints with a zone do not match upstream's pattern and are skipped. */
const reachableAddress = ({ endpoint }: Reached): string[] =>
  endpoint && endpoint.zone === undefined ? [endpoint.address] : []
