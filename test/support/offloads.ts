// SPDX-License-Identifier: MIT
import { subject, testingOurs, wireguardGo } from './implementation.ts'
import type { End, TunnelOptions } from './tunnel.ts'

/** The daemon's fast-path switches, each value by itself and all off; every setting must carry the same bytes. */
export const offloadSwitches: readonly NodeJS.ProcessEnv[] = [
  { WGQ_TUN_OFFLOAD: 'tcp' },
  { WGQ_TUN_OFFLOAD: '0' },
  { WGQ_UDP_GSO: '0' },
  { WGQ_UDP_GRO: '0' },
  { WGQ_TUN_OFFLOAD: '0', WGQ_UDP_GSO: '0', WGQ_UDP_GRO: '0' },
  { WGQ_THREADS: '4' },
  { WGQ_THREADS: '4', WGQ_TUN_OFFLOAD: '0', WGQ_UDP_GSO: '0', WGQ_UDP_GRO: '0' },
]

/** A pair of daemons that must behave the same. */
interface Pairing {
  readonly name: string
  /** Whether both are ours: with ECN on outer packets, and with buffers for everything that a test has in flight. */
  readonly ours: boolean
  readonly options: Pick<TunnelOptions, 'env' | 'implementations'>
}

/** Ours by default and with every switch; ours with wireguard-go in both roles, if installed. */
export const pairings = (withWireguardGo: boolean): readonly Pairing[] => [
  { name: 'as it is', ours: testingOurs, options: {} },
  ...(testingOurs ? offloadSwitches : []).map((env) => ({
    name: Object.entries(env)
      .map(([variable, value]) => `${variable}=${value}`)
      .join(' '),
    ours: true,
    options: { env },
  })),
  ...(testingOurs && withWireguardGo
    ? ([
        [subject, wireguardGo],
        [wireguardGo, subject],
      ] as const)
    : []
  ).map((implementations) => ({
    name: `${implementations[0].name} with ${implementations[1].name}`,
    ours: false,
    options: { implementations },
  })),
]

/**
 * The daemon's counters, and `outer_packets`: how many packets left the side's link, with a batch for kernel
 * segmentation counted as one.
 */
export const carried = (end: End): Readonly<Record<string, number>> => {
  const [link] = JSON.parse(end.ns.run('ip', '-s', '-j', 'link', 'show', 'veth0'))
  return { ...end.daemon.counters(), outer_packets: link.stats64.tx.packets }
}
