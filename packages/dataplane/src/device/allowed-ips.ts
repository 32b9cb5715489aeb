// SPDX-License-Identifier: MIT
import { endianness } from 'node:os'
import type { Cidr } from '@wgq/model/cidr'
import { formatIp, parseIp } from '@wgq/model/ip'
import { allowedIpRecordBytes } from '@wgq/native/engine'

/** Who may own prefixes. */
interface PrefixOwner {
  /** The engine's handle. */
  readonly handle: number
  /** Its prefixes as `ADDRESS/LENGTH`, host bits cleared, in the order they came; undefined when it never had one. */
  prefixes: Set<string> | undefined
}

/**
 * Which peer owns which prefix: one table per device, a prefix has one owner, and giving it to another peer takes it away
 * from the first (spec protocol §12). Changes gather as records for the engine until they are taken at the end of a
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

  /** Gives a prefix to a peer. Host bits are cleared. */
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

  /** Takes a prefix away from a peer, if exactly this prefix is its own. */
  remove(peer: T, prefix: Cidr): void {
    const { bytes, text } = masked(prefix)
    if (this.owners.get(text) !== peer) return
    this.owners.delete(text)
    peer.prefixes?.delete(text)
    this.note(1, peer.handle, bytes, prefix.prefixLength)
  }

  /** Takes all prefixes of a peer away, telling the engine. */
  clear(peer: T): void {
    for (const text of peer.prefixes ?? []) {
      this.owners.delete(text)
      const slash = text.indexOf('/')
      this.note(1, peer.handle, parseIp(text.slice(0, slash)) as Uint8Array, Number(text.slice(slash + 1)))
    }
    peer.prefixes = undefined
  }

  /** Forgets the prefixes of a peer that the engine removes by itself. Pending records must have been taken before. */
  forget(peer: T): void {
    for (const text of peer.prefixes ?? []) this.owners.delete(text)
    peer.prefixes = undefined
  }

  /** The records gathered since the last call, for {@link PacketEngine.updateAllowedIps}; undefined when there are none. */
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
    if (little) this.records.writeUInt32LE(handle, at + 4)
    else this.records.writeUInt32BE(handle, at + 4)
    this.records.set(address, at + 8)
  }
}

const little = endianness() === 'LE'

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
  // Most prefixes come masked: then the text of the request is the text already.
  return { bytes, text: `${changed ? formatIp(bytes) : prefix.address}/${prefix.prefixLength}` }
}
