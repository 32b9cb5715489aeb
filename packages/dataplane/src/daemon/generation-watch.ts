// SPDX-License-Identifier: MIT
import type { NativeNetlinkSocket, NetlinkSocketOptions } from '@wgq/native/raw-socket'

const ueventProtocol = 15
const kernelGroup = 1
const compareEveryMs = 10_000
/** Smaller adjustments of the wall clock are routine. */
const jumpMs = 30_000

/** What {@link GenerationWatch} needs; tests give their own. */
interface GenerationDependencies {
  readonly openSocket: (options: NetlinkSocketOptions) => NativeNetlinkSocket
  /** Milliseconds since 1970. */
  readonly wallMs: () => number
  /** Milliseconds of CLOCK_BOOTTIME, which runs while the machine sleeps. */
  readonly bootMs: () => number
  /** Milliseconds of CLOCK_MONOTONIC, which stops meanwhile. */
  readonly monotonicMs: () => number
  /** Called when this machine's memory may have been copied or restored, with its keys and counters. */
  readonly onCopied: (why: string) => void
}

/**
 * Detects that the machine may have been resumed from a snapshot: two machines from one snapshot would send with the
 * same keys and counters. The kernel reports a new virtual machine generation ID (NEW_VMGENID, Linux 6.10). Without
 * one, clocks that no longer agree count as a resume, which costs a handshake when the clock was just set. A copy that
 * changes neither is not detected.
 */
export class GenerationWatch {
  private readonly dependencies: GenerationDependencies
  private readonly socket: NativeNetlinkSocket | undefined
  private readonly timer: NodeJS.Timeout
  private asleepMs: number
  private wallAheadMs: number

  constructor(dependencies: GenerationDependencies) {
    this.dependencies = dependencies
    this.asleepMs = this.asleep()
    this.wallAheadMs = this.wallAhead()
    this.timer = setInterval(() => this.compare(), compareEveryMs).unref()
    this.socket = this.listen()
  }

  /** Compares the clocks. */
  compare(): void {
    const [asleepMs, wallAheadMs] = [this.asleep(), this.wallAhead()]
    const slept = asleepMs - this.asleepMs > jumpMs
    const set = Math.abs(wallAheadMs - this.wallAheadMs) > jumpMs
    this.asleepMs = asleepMs
    this.wallAheadMs = wallAheadMs
    if (slept) this.dependencies.onCopied('The machine slept')
    else if (set) this.dependencies.onCopied('The clock jumped')
  }

  close(): void {
    clearInterval(this.timer)
    this.socket?.close()
  }

  // --- internal ---

  private asleep(): number {
    return this.dependencies.bootMs() - this.dependencies.monotonicMs()
  }

  private wallAhead(): number {
    return this.dependencies.wallMs() - this.dependencies.bootMs()
  }

  private listen(): NativeNetlinkSocket | undefined {
    try {
      const socket = this.dependencies.openSocket({ protocol: ueventProtocol, groups: kernelGroup })
      socket.watch(() => this.hear(socket))
      return socket
    } catch {
      // Some containers block device events: only the clocks remain.
      return undefined
    }
  }

  private hear(socket: NativeNetlinkSocket): void {
    for (;;) {
      try {
        const event = socket.receive()
        if (!event) return
        if (Buffer.from(event).includes('\0NEW_VMGENID=1\0'))
          this.dependencies.onCopied('The virtual machine was resumed from a snapshot')
      } catch {
        // ENOBUFS: many devices changed. The generation ID may be among the lost events.
        this.dependencies.onCopied('Events of the kernel were lost')
      }
    }
  }
}
