// SPDX-License-Identifier: MIT
import type { ChildProcess } from 'node:child_process'
import type { Namespace } from './netns.ts'

/** Link types of pcap files (tcpdump.org/linktypes). */
const ethernet = 1

/** Packets seen on an interface by tcpdump, from the IP header on. */
export class Capture {
  private readonly child: ChildProcess
  private readonly chunks: Buffer[] = []

  private constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.on('data', (chunk: Buffer) => this.chunks.push(chunk))
  }

  /**
   * Starts tcpdump with the expression `filter` and returns when it listens. Its ring has a slot of `mostBytes` for
   * each packet, so only captures of segmented packets should use more than an ordinary packet needs.
   */
  static async start(ns: Namespace, device: string, filter = '', mostBytes = 2_048): Promise<Capture> {
    const child = ns.start('tcpdump', [
      ...['-i', device, '-n', '-U', '-s', String(mostBytes), '--immediate-mode', '-B', '16384', '-w', '-'],
      ...filter.split(' ').filter(Boolean),
    ])
    const capture = new Capture(child)
    await new Promise<void>((resolve, reject) => {
      let text = ''
      child.stderr?.setEncoding('utf8').on('data', (more: string) => {
        text += more
        if (text.includes('listening on')) resolve()
      })
      child.once('exit', () => reject(new Error(`tcpdump on ${device}: ${text}`)))
    })
    return capture
  }

  /** The packets captured so far. */
  packets(): Buffer[] {
    const file = Buffer.concat(this.chunks)
    if (file.length < 24) return []
    const skip = file.readUInt32LE(20) === ethernet ? 14 : 0
    const out: Buffer[] = []
    for (let at = 24; at + 16 <= file.length; ) {
      const length = file.readUInt32LE(at + 8)
      if (at + 16 + length > file.length) break
      out.push(file.subarray(at + 16 + skip, at + 16 + length))
      at += 16 + length
    }
    return out
  }

  /** Polls until `enough` accepts the captured packets, or until the timeout; returns the packets. */
  async collect(enough: (packets: Buffer[]) => boolean, timeoutMs = 5_000): Promise<Buffer[]> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const seen = this.packets()
      if (enough(seen) || Date.now() > deadline) return seen
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }

  /** Ends tcpdump. */
  stop(): void {
    this.child.kill('SIGTERM')
  }
}
