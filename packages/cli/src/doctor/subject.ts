// SPDX-License-Identifier: MIT
import type { Device, Peer } from '@wgq/model/device'
import type { Host, Link } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import type { PeerHealth } from '@wgq/uapi/client'
import type { OuterWay } from './outer-ways.ts'

/** What the checks look at: one device, where it lives and where its encrypted packets leave. */
export interface Subject {
  readonly device: Device
  /** The network that the interface lives in. */
  readonly host: Host
  /** The network that encrypted packets leave in; another one only with `up --netns`. */
  readonly outside: Host
  /** Both are one. */
  readonly inOneNetwork: boolean
  readonly link: Link | undefined
  /** `peer NAME` or the beginning of its key. */
  readonly label: (peer: Peer) => string
  readonly ways: readonly OuterWay[]
  /** What wgqd knows of peers beyond the protocol; undefined of every other driver. */
  readonly health: ReadonlyMap<Key, PeerHealth> | undefined
  /** Wall clock, seconds since 1970. */
  readonly nowSeconds: number
  /** The file of the interface as text, where it can be read. */
  readonly config: string | undefined
}

/** Says whether a peer of the device has the default route of a family. */
export const isFullTunnel = ({ device }: Subject, family: 4 | 6): boolean =>
  device.peers.some(({ allowedIps }) =>
    allowedIps.some((prefix) => prefix.family === family && prefix.prefixLength === 0),
  )
