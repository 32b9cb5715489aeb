// SPDX-License-Identifier: MIT
import type { Namespace } from './netns.ts'
import type { End } from './tunnel.ts'

/** Packets and their bytes, IP headers included; a super-packet is one. */
export interface Count {
  readonly packets: number
  readonly bytes: number
}

/** Kinds of TCP packets to count on a side's interface, each outgoing and incoming. */
const kinds = {
  /** With the congestion mark (ECN CE). */
  congested: ['ip ecn ce', 'ip6 ecn ce'],
  /** The receiver's echo of such a mark. */
  echo: ['tcp flags & (syn | ecn) == ecn'],
  /** The sender's answer to the echo. */
  reduced: ['tcp flags & (syn | cwr) == cwr'],
  /** With selective acknowledgement blocks. */
  selective: ['tcp option sack exists'],
  synchronize: ['tcp flags & syn == syn'],
} as const
type Kind = keyof typeof kinds

/** What {@link StreamCounters.read} returns. */
type StreamCounts = Readonly<Record<`${Kind}${'In' | 'Out'}` | 'askedSizeOut', Count>>

const table = 'inet wgqtest'

/** Counts packets at a side of a tunnel with nftables and optionally marks some. */
export class StreamCounters {
  private readonly ns: Namespace

  private constructor(ns: Namespace) {
    this.ns = ns
  }

  /**
   * Starts at zero. `askedSize` is the segment size whose announcements are counted. `mark` sets the congestion mark on
   * every sixteenth ECN-capable packet: `inner` on those that enter the tunnel, `outer` on those that arrive for the
   * daemon.
   */
  static start(end: End, options: { askedSize?: number; mark?: 'inner' | 'outer' } = {}): StreamCounters {
    const mark = (protocol: string): string =>
      ['ip', 'ip6'].map((ip) => `${protocol} ${ip} ecn ect0 numgen inc mod 16 0 ${ip} ecn set ce`).join('\n')
    const count = (way: 'In' | 'Out'): string =>
      Object.entries(kinds)
        .flatMap(([kind, matches]) => matches.map((match) => `${match} counter name ${kind}${way}`))
        .join('\n')
    const counters = [...Object.keys(kinds).flatMap((kind) => [`${kind}In`, `${kind}Out`]), 'askedSizeOut']
    const ruleset = `table ${table}
      delete table ${table}
      table ${table} {
        ${counters.map((name) => `counter ${name} {}`).join('\n')}
        chain out {
          type filter hook output priority mangle
          oifname != "${end.device}" accept
          ${options.mark === 'inner' ? mark('meta l4proto tcp') : ''}
          ${count('Out')}
          tcp flags & syn == syn tcp option maxseg size ${options.askedSize ?? 0} counter name askedSizeOut
        }
        chain in {
          type filter hook prerouting priority mangle
          ${options.mark === 'outer' ? mark(`iifname veth0 udp dport ${end.port}`) : ''}
          iifname != "${end.device}" accept
          ${count('In')}
        }
      }\n`
    const done = end.ns.tryRun('nft', ['-f', '-'], { input: ruleset })
    if (done.status !== 0) throw new Error(`nft: ${done.stderr}`)
    return new StreamCounters(end.ns)
  }

  /** The counts since the start. */
  read(): StreamCounts {
    const { nftables } = JSON.parse(
      this.ns.run('nft', '-j', 'list', 'counters', 'table', ...table.split(' ')),
    )
    const counts = (nftables as { counter?: Count & { name: string } }[]).flatMap(({ counter }) =>
      counter ? [[counter.name, { packets: counter.packets, bytes: counter.bytes }]] : [],
    )
    return Object.fromEntries(counts)
  }

  /** Ends counting and marking. */
  stop(): void {
    this.ns.run('nft', 'delete', 'table', ...table.split(' '))
  }
}
