// SPDX-License-Identifier: MIT
import type { Namespace } from './netns.ts'
import type { End } from './tunnel.ts'

/** TCP settings of a namespace for new connections. */
interface StreamSettings {
  readonly sack: boolean
  readonly timestamps: boolean
  readonly ecn: boolean
  /** Most unacknowledged bytes of a connection; absent: the system's default. */
  readonly sendBufferBytes?: number
}

/** Applies the settings, with reno, because it responds to congestion marks and every kernel has it. */
export const setStreams = (ns: Namespace, settings: StreamSettings): void => {
  const most = settings.sendBufferBytes ?? 4 << 20
  for (const [name, value] of [
    ['tcp_sack', Number(settings.sack)],
    ['tcp_timestamps', Number(settings.timestamps)],
    ['tcp_ecn', Number(settings.ecn)],
    ['tcp_congestion_control', 'reno'],
    ['tcp_wmem', `4096 ${Math.min(most, 16_384)} ${most}`],
  ])
    ns.run('sysctl', '-qw', `net.ipv4.${name}=${value}`)
}

/** Makes one side ask the other for segments of at most `bytes` of TCP options and data. */
export const askSegmentSize = (receiver: End, sender: End, bytes: number): void => {
  for (const [address, length] of [
    [sender.inner.v4, 32],
    [sender.inner.v6, 128],
  ])
    receiver.ns.run(
      ...['ip', 'route', 'replace', `${address}/${length}`],
      ...['dev', receiver.device, 'advmss', String(bytes)],
    )
}

/** The namespace's own counts of protocol events (netstat(8) -s): names as in /proc/net/netstat and /proc/net/snmp, with
 *  the protocol in front (`TcpExtTCPOFOQueue`). */
export const protocolCounts = (ns: Namespace): Readonly<Record<string, number>> => {
  const lines = ns.run('cat', '/proc/net/netstat', '/proc/net/snmp').trim().split('\n')
  const counts: Record<string, number> = {}
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [protocol = '', ...names] = (lines[i] ?? '').split(' ')
    const values = (lines[i + 1] ?? '').split(' ').slice(1)
    for (const [n, name] of names.entries()) counts[protocol.replace(':', '') + name] = Number(values[n])
  }
  return counts
}
