// SPDX-License-Identifier: MIT
import type { NativeNetlinkSocket, NetlinkSocketOptions } from '@wgq/native/raw-socket'

const ueventProtocol = 15
const kernelGroup = 1
const compareEveryMs = 10_000
/** The wall clock is set by less than this all the time. */
const jumpMs = 30_000

/** What {@link GenerationWatch} needs; tests give their own. */
interface GenerationEdges {
  readonly openSocket: (options: NetlinkSocketOptions) => NativeNetlinkSocket
  /** Milliseconds since 1970. */
  readonly wallMs: () => number
  /** Milliseconds of CLOCK_BOOTTIME, which runs while the machine sleeps. */
  readonly bootMs: () => number
  /** Milliseconds of CLOCK_MONOTONIC, which does not. */
  readonly monotonicMs: () => number
  /** The memory of this machine may have been copied or put back, keys and counters with it. */
  readonly onCopied: (why: string) => void
}

/**
 * Notices that the machine may have been resumed from a snapshot: two of one snapshot would send with the same keys and
 * counters. The kernel tells it of a virtual machine generation ID (NEW_VMGENID, Linux 6.10); where there is none, clocks
 * that no longer agree are taken for it, which costs a handshake when somebody only set the clock. A copy that was made and
 * resumed without either cannot be seen.
 */
export class GenerationWatch {
  private readonly edges: GenerationEdges
  private readonly socket: NativeNetlinkSocket | undefined
  private readonly timer: NodeJS.Timeout
  private asleepMs: number
  private wallAheadMs: number

  constructor(edges: GenerationEdges) {
    this.edges = edges
    this.asleepMs = this.asleep()
    this.wallAheadMs = this.wallAhead()
    this.timer = setInterval(() => this.compare(), compareEveryMs).unref()
    this.socket = this.listen()
  }

  /** Looks at the clocks. */
  compare(): void {
    const [asleepMs, wallAheadMs] = [this.asleep(), this.wallAhead()]
    const slept = asleepMs - this.asleepMs > jumpMs
    const set = Math.abs(wallAheadMs - this.wallAheadMs) > jumpMs
    this.asleepMs = asleepMs
    this.wallAheadMs = wallAheadMs
    if (slept) this.edges.onCopied('The machine slept')
    else if (set) this.edges.onCopied('The clock jumped')
  }

  close(): void {
    clearInterval(this.timer)
    this.socket?.close()
  }

  // --- internal ---

  private asleep(): number {
    return this.edges.bootMs() - this.edges.monotonicMs()
  }

  private wallAhead(): number {
    return this.edges.wallMs() - this.edges.bootMs()
  }

  private listen(): NativeNetlinkSocket | undefined {
    try {
      const socket = this.edges.openSocket({ protocol: ueventProtocol, groups: kernelGroup })
      socket.watch(() => this.hear(socket))
      return socket
    } catch {
      // Some containers do not let anybody hear of devices: the clocks remain.
      return undefined
    }
  }

  private hear(socket: NativeNetlinkSocket): void {
    for (;;) {
      try {
        const event = socket.receive()
        if (!event) return
        if (Buffer.from(event).includes('\0NEW_VMGENID=1\0'))
          this.edges.onCopied('The virtual machine was resumed from a snapshot')
      } catch {
        // ENOBUFS: many devices came and went. One of the lost events may be the one.
        this.edges.onCopied('Events of the kernel were lost')
      }
    }
  }
}
