// SPDX-License-Identifier: MIT

/**
 * The 32-bit indices by which messages identify their receiver: random, unique per device, so that they do not reveal
 * the number or order of peers (spec protocol §3.6). An index starts as a handshake's and can become a keypair's.
 */
export class IndexTable<T> {
  private readonly handshakes = new Map<number, T>()
  private readonly keypairs = new Map<number, T>()
  private readonly randomIndex: () => number

  /** `randomIndex` returns an unpredictable integer from 0 to 2^32 − 1. */
  constructor(randomIndex: () => number) {
    this.randomIndex = randomIndex
  }

  /** Allocates a new index. */
  allocate(owner: T, kind: 'handshake' | 'keypair'): number {
    let index = this.randomIndex()
    while (this.handshakes.has(index) || this.keypairs.has(index)) index = this.randomIndex()
    if (kind === 'handshake') this.handshakes.set(index, owner)
    else this.keypairs.set(index, owner)
    return index
  }

  /** Makes the index of a handshake that of its keypair, when the session begins. */
  promote(index: number): void {
    const owner = this.handshakes.get(index)
    if (owner === undefined) return
    this.handshakes.delete(index)
    this.keypairs.set(index, owner)
  }

  /** The owner of the outstanding initiation with this index. */
  handshake(index: number): T | undefined {
    return this.handshakes.get(index)
  }

  /** The owner of the handshake or keypair with this index: a cookie reply may answer either kind of message. */
  either(index: number): T | undefined {
    return this.handshakes.get(index) ?? this.keypairs.get(index)
  }

  release(index: number): void {
    this.handshakes.delete(index)
    this.keypairs.delete(index)
  }

  /** Number of indices in use. */
  get size(): number {
    return this.handshakes.size + this.keypairs.size
  }
}
