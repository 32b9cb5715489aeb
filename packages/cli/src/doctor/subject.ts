// SPDX-License-Identifier: MIT
import type { Device, Peer } from '@wgq/model/device'
import type { Host, Link } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import type { PeerHealth } from '@wgq/uapi/client'
import type { OuterWay } from './outer-ways.ts'

/** The input of the checks: one device, its network namespace and the one where its encrypted packets leave. */
export interface Subject {
  readonly device: Device
  /** The network namespace of the interface. */
  readonly host: Host
  /** The network namespace where encrypted packets leave; differs from `host` only with `up --netns`. */
  readonly outside: Host
  /** Both are the same. */
  readonly inOneNetwork: boolean
  readonly link: Link | undefined
  /** `peer NAME` or the beginning of its key. */
  readonly label: (peer: Peer) => string
  readonly ways: readonly OuterWay[]
  /** Extra information of wgqd about peers; undefined for every other driver. */
  readonly health: ReadonlyMap<Key, PeerHealth> | undefined
  /** Wall clock, seconds since 1970. */
  readonly nowSeconds: number
  /** Text of the interface's configuration file, if readable. */
  readonly config: string | undefined
}

/** Whether a peer of the device has the default route of a family. */
export const isFullTunnel = ({ device }: Subject, family: 4 | 6): boolean =>
  device.peers.some(({ allowedIps }) =>
    allowedIps.some((prefix) => prefix.family === family && prefix.prefixLength === 0),
  )
