// SPDX-License-Identifier: MIT

/** A datagram of the twin: a handshake message, or a transport packet with its key. */
export type Datagram =
  | { readonly kind: 'handshake'; readonly message: Buffer }
  | {
      readonly kind: 'transport'
      readonly receiver: number
      readonly counter: bigint
      readonly key: string
      readonly packet: Buffer
    }

/** An engine as the network sees it. */
interface Receiver {
  receive(from: string, datagram: Datagram): void
}

/** Datagrams between engines in memory under a virtual clock, delivered when the test says so. Test support. */
export class MemoryNetwork {
  /** Boot clock in milliseconds. */
  nowMs = 1_000_000
  /** Everything ever sent, oldest first: `A>B initiation`. */
  readonly log: string[] = []
  /** Whether to lose a datagram. */
  lose: (from: string, to: string, datagram: Datagram) => boolean = () => false
  private readonly engines = new Map<string, Receiver>()
  private readonly queue: { from: string; to: string; datagram: Datagram }[] = []

  attach(address: string, engine: Receiver): void {
    this.engines.set(address, engine)
  }

  send(from: string, to: string, datagram: Datagram): void {
    const kinds = ['', 'initiation', 'response', 'cookie']
    const what =
      datagram.kind === 'handshake'
        ? kinds[datagram.message[0] as number]
        : datagram.packet.length === 0
          ? 'keepalive'
          : 'data'
    this.log.push(`${from}>${to} ${what}`)
    if (!this.lose(from, to, datagram)) this.queue.push({ from, to, datagram })
  }

  /** Delivers datagrams until none is in flight. */
  settle(): void {
    for (let next = this.queue.shift(); next; next = this.queue.shift())
      this.engines.get(next.to)?.receive(next.from, next.datagram)
  }
}
