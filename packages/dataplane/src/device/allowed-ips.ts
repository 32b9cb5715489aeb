// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { formatIp, parseIp } from '@wgq/model/ip'
import { allowedIpRecordBytes } from '@wgq/native/engine'
import { littleEndian } from '@wgq/netlink/byte-order'

/** An owner of prefixes. */
interface PrefixOwner {
  /** The engine's handle. */
  readonly handle: number
  /** Its prefixes as `ADDRESS/LENGTH`, host bits cleared, in the order they were added; undefined before the first. */
  prefixes: Set<string> | undefined
}

/**
 * The owner of each prefix: one table per device; a prefix has one owner, and assigning it to another peer removes it
 * from the first (spec protocol §12). Changes are collected as records for the engine and taken at the end of a
 * transaction: 130,000 prefixes are one call.
 */
export class AllowedIps<T extends PrefixOwner> {
  private readonly owners = new Map<string, T>()
  private records = Buffer.alloc(0)
  private used = 0

  /** Number of prefixes. */
  get size(): number {
    return this.owners.size
  }

  /** Assigns a prefix to a peer. Clears host bits. */
  add(peer: T, prefix: Cidr): void {
    const { bytes, text } = masked(prefix)
    const before = this.owners.get(text)
    if (before === peer) return
    before?.prefixes?.delete(text)
    this.owners.set(text, peer)
    peer.prefixes ??= new Set()
    peer.prefixes.add(text)
    this.note(0, peer.handle, bytes, prefix.prefixLength)
  }

  /** Removes a prefix from a peer, if the peer owns exactly this prefix. */
  remove(peer: T, prefix: Cidr): void {
    const { bytes, text } = masked(prefix)
    if (this.owners.get(text) !== peer) return
    this.owners.delete(text)
    peer.prefixes?.delete(text)
    this.note(1, peer.handle, bytes, prefix.prefixLength)
  }

  /** Removes all prefixes of a peer, also in the engine. */
  clear(peer: T): void {
    for (const text of peer.prefixes ?? []) {
      this.owners.delete(text)
      const slash = text.indexOf('/')
      this.note(1, peer.handle, parseIp(text.slice(0, slash)) as Uint8Array, Number(text.slice(slash + 1)))
    }
    peer.prefixes = undefined
  }

  /** Forgets the prefixes of a peer, which the engine removes itself. Pending records must have been taken before. */
  forget(peer: T): void {
    for (const text of peer.prefixes ?? []) this.owners.delete(text)
    peer.prefixes = undefined
  }

  /** Takes the records since the last call, for {@link PacketEngine.updateAllowedIps}; undefined if there are none. */
  takeRecords(): Uint8Array | undefined {
    if (this.used === 0) return undefined
    const records = this.records.subarray(0, this.used)
    this.records = Buffer.alloc(0)
    this.used = 0
    return records
  }

  private note(action: 0 | 1, handle: number, address: Uint8Array, prefixLength: number): void {
    if (this.used + allowedIpRecordBytes > this.records.length) {
      const larger = Buffer.alloc(Math.max(allowedIpRecordBytes * 16, this.records.length * 2))
      this.records.copy(larger)
      this.records = larger
    }
    const at = this.used
    this.used += allowedIpRecordBytes
    this.records[at] = action
    this.records[at + 1] = address.length === 4 ? 4 : 6
    this.records[at + 2] = prefixLength
    if (littleEndian) this.records.writeUInt32LE(handle, at + 4)
    else this.records.writeUInt32BE(handle, at + 4)
    this.records.set(address, at + 8)
  }
}

/** The prefix with host bits cleared, as bytes and as text. */
const masked = (prefix: Cidr): { bytes: Uint8Array; text: string } => {
  const bytes = parseIp(prefix.address)
  if (!bytes) throw new Error('a Cidr holds a valid address')
  let changed = false
  for (let i = prefix.prefixLength >> 3; i < bytes.length; i++) {
    const keep = Math.max(0, prefix.prefixLength - i * 8)
    const byte = (bytes[i] as number) & (0xff00 >> keep)
    if (byte !== bytes[i]) changed = true
    bytes[i] = byte
  }
  // Most prefixes are masked already: then the text of the request can be used.
  return { bytes, text: `${changed ? formatIp(bytes) : prefix.address}/${prefix.prefixLength}` }
}
