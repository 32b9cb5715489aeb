// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { type Echo, NoEcho, pingWith } from './echo.ts'
import type { Finding } from './finding.ts'
import { wayTo } from './packet-path.ts'
import type { Subject } from './subject.ts'

/** Bytes that WireGuard adds to each packet: IP, UDP, header and tag. */
const overheadBytes = { 4: 60, 6: 80 } as const
/** Packet size that every path carries: 576 bytes (RFC 791), 1280 (RFC 8200 §5). */
const leastBytes = { 4: 576, 6: 1280 } as const
/** Maximum number of endpoints probed at the same time. */
const mostAtOnce = 8

/** Result of probing one endpoint. */
interface PathFound {
  readonly endpoint: Endpoint
  /** Size in bytes of the largest packet that arrives; undefined if unknown. */
  readonly bytes: number | undefined
  /** The same for the first link of the path. */
  readonly linkBytes: number
  /** Routers silently drop larger packets. */
  readonly isSilent: boolean
}

/**
 * Finds the largest packet, IP header included, that is answered: `largest` or a smaller one; undefined if even the
 * smallest gets no answer. `isSilent`: larger ones were lost and no router reported that they are too big.
 */
export const largestAnswered = async (
  echo: (bytes: number) => ReturnType<Echo>,
  least: number,
  largest: number,
): Promise<{ readonly bytes: number; readonly isSilent: boolean } | undefined> => {
  if ((await echo(least)) !== 'answered') return undefined
  const whole = await echo(largest)
  if (whole === 'answered') return { bytes: largest, isSilent: false }
  let isSilent = whole === 'lost'
  let fits = least
  let fails = largest
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1
    const result = await echo(middle)
    if (result === 'answered') fits = middle
    else fails = middle
    if (result === 'too big') isSilent = false
  }
  return { bytes: fits, isSilent }
}

/**
 * Implements `doctor --mtu`: probes the path to each endpoint with packets that are never fragmented and reports which
 * MTU the tunnel can have. Skips endpoints without a route, which other checks report.
 */
export const checkPathMtu = async (
  subject: Subject,
  echo: Echo = pingWith(subject.device.fwmark),
  isRoot = process.geteuid?.() === 0,
): Promise<Finding[]> => {
  const { device } = subject
  if (process.platform !== 'linux') return [unprobed('the path is probed on Linux only')]
  const targets = targetsOf(subject)
  if (targets.length === 0) return [unprobed('no endpoint has a way that could be probed')]
  if (device.fwmark !== 0 && !isRoot)
    return [unprobed('packets beside the tunnel take a mark, which only root can set', 'Run it as root')]
  const found: PathFound[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < targets.length) {
      const index = next++
      found[index] = await probe(subject, targets[index] as Target, echo)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(mostAtOnce, targets.length) }, work))
  } catch (error) {
    next = targets.length
    if (error instanceof NoEcho) return [unprobed(`the path was not probed: ${error.message}`)]
    throw error
  }
  return found.map((path) => finding(subject, path, bestMtu(found)))
}

// --- internal ---

interface Target {
  readonly endpoint: Endpoint
  readonly dev: string
}

/** One target for each address; a routing loop has no path. */
const targetsOf = ({ device, ways }: Subject): Target[] => {
  const targets = new Map<string, Target>()
  for (const { endpoint, route } of ways)
    if (route?.dev !== undefined && route.dev !== device.name)
      targets.set(`${endpoint.address}%${endpoint.zone}`, { endpoint, dev: route.dev })
  return [...targets.values()]
}

const probe = async (
  { outside, device }: Subject,
  { endpoint, dev }: Target,
  echo: Echo,
): Promise<PathFound> => {
  const { family, address, zone } = endpoint
  const linkBytes = (await outside.link(dev))?.mtu ?? 1500
  const to = { family, address: zone === undefined ? address : `${address}%${zone}` }
  const answered = await largestAnswered(
    (bytes) => echo(to, bytes),
    leastBytes[family],
    Math.max(leastBytes[family], linkBytes),
  )
  if (answered) return { endpoint, linkBytes, ...answered }
  // An endpoint that answers no echo may be behind a router that reports packets as too big.
  await echo(to, linkBytes)
  const said = (await wayTo(outside, endpoint, device.fwmark))?.mtu
  const bytes = said !== undefined && said < linkBytes ? said : undefined
  return { endpoint, linkBytes, bytes, isSilent: false }
}

/** The MTU that fits all paths; undefined if none is known. */
const bestMtu = (found: readonly PathFound[]): number | undefined => {
  const fitting = found.flatMap(({ endpoint, bytes }) =>
    bytes === undefined ? [] : [bytes - overheadBytes[endpoint.family]],
  )
  return fitting.length === 0 ? undefined : Math.min(...fitting)
}

const finding = (
  { device, link }: Subject,
  { endpoint, bytes, linkBytes, isSilent }: PathFound,
  best: number | undefined,
): Finding => {
  const place = `the way to ${endpoint.address}`
  if (bytes === undefined || best === undefined)
    return unprobed(
      `${place} is not known: ${endpoint.address} answers no echo request, and no router said that one is too big`,
      `Let it answer ICMP echo for the probe, or write a smaller MTU (1280 passes nearly everywhere) and try a large download`,
    )
  const fitting = bytes - overheadBytes[endpoint.family]
  const carries = `${place} carries packets of ${bytes} bytes${bytes === linkBytes ? '' : `, its first link ${linkBytes}`}`
  if (link && link.mtu <= fitting)
    return {
      check: 'mtu',
      status: 'ok',
      message: `${carries}: the MTU of ${device.name} is ${link.mtu}, up to ${fitting} fits`,
    }
  const loss = isSilent ? 'what is larger is lost silently' : 'what is larger is refused on the way'
  return {
    check: 'mtu',
    status: isSilent ? 'problem' : 'warning',
    message: `${carries}: ${loss}, and ${device.name} has MTU ${link?.mtu}`,
    hint: `Set MTU = ${best} in the [Interface] section${best < leastInnerIpv6 ? `; IPv6 inside the tunnel takes ${leastInnerIpv6}` : ''}`,
  }
}

/** The minimum MTU of an interface with IPv6 (RFC 8200 §5). */
const leastInnerIpv6 = 1280

const unprobed = (message: string, hint?: string): Finding => ({
  check: 'mtu',
  status: 'info',
  message,
  ...(hint === undefined ? {} : { hint }),
})
