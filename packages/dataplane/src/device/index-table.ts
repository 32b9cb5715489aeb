// SPDX-License-Identifier: MIT

/**
 * The 32-bit indices by which messages name their receiver: random and unique per device, so that they tell nothing about
 * the number or order of peers (spec protocol §3.6). An index starts as a handshake's and may become a keypair's.
 */
export class IndexTable<T> {
  private readonly handshakes = new Map<number, T>()
  private readonly keypairs = new Map<number, T>()
  private readonly randomIndex: () => number

  /** `randomIndex` returns an unpredictable integer from 0 to 2^32 − 1. */
  constructor(randomIndex: () => number) {
    this.randomIndex = randomIndex
  }

  /** Takes a fresh index. */
  allocate(owner: T, kind: 'handshake' | 'keypair'): number {
    let index = this.randomIndex()
    while (this.handshakes.has(index) || this.keypairs.has(index)) index = this.randomIndex()
    if (kind === 'handshake') this.handshakes.set(index, owner)
    else this.keypairs.set(index, owner)
    return index
  }

  /** The session of a handshake begins: the same number now names its keypair. */
  promote(index: number): void {
    const owner = this.handshakes.get(index)
    if (owner === undefined) return
    this.handshakes.delete(index)
    this.keypairs.set(index, owner)
  }

  /** Whose outstanding initiation has this index. */
  handshake(index: number): T | undefined {
    return this.handshakes.get(index)
  }

  /** Whose handshake or keypair has this index: a cookie reply may answer either kind of message. */
  either(index: number): T | undefined {
    return this.handshakes.get(index) ?? this.keypairs.get(index)
  }

  release(index: number): void {
    this.handshakes.delete(index)
    this.keypairs.delete(index)
  }

  /** Indices in use. */
  get size(): number {
    return this.handshakes.size + this.keypairs.size
  }
}
