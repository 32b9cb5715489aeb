// SPDX-License-Identifier: MIT
import type { Diagnostic } from '../diagnostic.ts'
import type { Rule } from './subject.ts'
import { entriesOf, headerSpot, lastValue, spot } from './subject.ts'

// NAT mappings for UDP expire after 30 seconds or more (RFC 4787 requires 2 minutes); wg(8) advises 25.
const natTimeoutSeconds = 120

/** PersistentKeepalive: missing although the other side could not reach us otherwise, or set without use. */
export const keepaliveRules: Rule = (subject) => {
  const hasPort = lastValue(subject.interfaces, 'listenport') !== ''
  const found = subject.peers.flatMap((peer): Diagnostic[] => {
    const entry = entriesOf([peer.section], 'persistentkeepalive').at(-1)
    const hasEndpoint = lastValue([peer.section], 'endpoint') !== ''
    const seconds = Number(entry?.value.text)
    if (!entry) {
      if (hasPort || !hasEndpoint) return []
      const message =
        'Without PersistentKeepalive and a fixed ListenPort this peer may lose the way back to you'
      const hint = 'add PersistentKeepalive = 25 if you are behind NAT or a firewall'
      const place = headerSpot(subject, peer.section)
      return [{ code: 'keepalive-missing', severity: 'info', ...place, message, hint }]
    }
    const place = { severity: 'info', ...spot(subject, entry, entry.value) } as const
    if (seconds > natTimeoutSeconds) {
      const message = `NAT forgets a silent connection long before ${seconds} seconds`
      return [{ code: 'keepalive-long', ...place, message, hint: 'use 25' }]
    }
    if (seconds > 0 && !hasEndpoint) {
      const message =
        'Keepalives to a peer without Endpoint start only after it has called; it should send them'
      const hint = 'set PersistentKeepalive on the other side, the one behind NAT'
      return [{ code: 'keepalive-without-endpoint', ...place, message, hint }]
    }
    return []
  })
  return onceWithCount(found, 'keepalive-without-endpoint')
}

/** A server may have thousands of such peers: only the first one is reported, with the count. */
const onceWithCount = (found: readonly Diagnostic[], code: string): Diagnostic[] => {
  const [first, ...more] = found.filter((finding) => finding.code === code)
  const others = found.filter((finding) => finding.code !== code)
  if (!first) return others
  const count = more.length === 0 ? '' : ` (and ${more.length} more peers)`
  return [...others, { ...first, message: first.message + count }]
}
