// SPDX-License-Identifier: MIT
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { childEnvironment, childScript } from './child-script.ts'
import type { Namespace } from './netns.ts'

/** Address and port, in the form of Node's socket functions. */
export interface UdpAddress {
  readonly address: string
  readonly port: number
}

/** A received datagram; `atMs` is the receiving process's wall clock in milliseconds with fractions. */
export interface Datagram {
  readonly atMs: number
  readonly data: Buffer
  readonly from: UdpAddress
}

interface Waiter {
  readonly wants: (datagram: Datagram) => boolean
  readonly give: (datagram: Datagram) => void
}

/** A UDP socket in a namespace. A small process there holds it and is controlled from here. */
export class UdpPort {
  /** Received datagrams that were not yet taken with {@link UdpPort.next}. */
  readonly pending: Datagram[] = []
  readonly local: UdpAddress
  private readonly waiters = new Set<Waiter>()
  private readonly child: ChildProcess

  private constructor(child: ChildProcess, local: UdpAddress) {
    this.child = child
    this.local = local
  }

  /** Binds a socket in `ns`. Raises an error when the process cannot bind. */
  static async open(ns: Namespace, address: string, port = 0): Promise<UdpPort> {
    const family = address.includes(':') ? '6' : '4'
    const child = ns.start(
      process.execPath,
      [childScript('udp-port'), family, address, String(port)],
      childEnvironment,
      'pipe',
    )
    if (!child.stdout) throw new Error('a child without pipes')
    const lines = createInterface({ input: child.stdout })
    const said = await new Promise<{ bound?: UdpAddress; error?: string }>((resolve, reject) => {
      lines.once('line', (line) => resolve(JSON.parse(line)))
      child.once('exit', (status) => reject(new Error(`the UDP port in ${ns.name} ended with ${status}`)))
    })
    if (!said.bound) throw new Error(`no UDP port ${address}:${port} in ${ns.name}: ${said.error}`)
    const udp = new UdpPort(child, { address, port: said.bound.port })
    lines.on('line', (line) => udp.receive(JSON.parse(line)))
    return udp
  }

  private receive(said: { atMs: number; data: string; from: UdpAddress; error?: string }): void {
    if (said.error !== undefined) return
    const datagram = { atMs: said.atMs, data: Buffer.from(said.data, 'base64'), from: said.from }
    for (const waiter of this.waiters) {
      if (!waiter.wants(datagram)) continue
      this.waiters.delete(waiter)
      waiter.give(datagram)
      return
    }
    this.pending.push(datagram)
  }

  /** Sends datagrams one after the other. */
  send(to: UdpAddress, ...datagrams: Uint8Array[]): void {
    const order = { to, datagrams: datagrams.map((data) => Buffer.from(data).toString('base64')) }
    this.child.stdin?.write(`${JSON.stringify(order)}\n`)
  }

  /** The next datagram that `wants` accepts, pending ones first; undefined when none comes within `timeoutMs`. */
  next(
    timeoutMs: number,
    wants: (datagram: Datagram) => boolean = () => true,
  ): Promise<Datagram | undefined> {
    const at = this.pending.findIndex(wants)
    if (at >= 0) return Promise.resolve(this.pending.splice(at, 1)[0])
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiters.delete(waiter)
        resolve(undefined)
      }, timeoutMs)
      const waiter: Waiter = {
        wants,
        give: (datagram) => {
          clearTimeout(timer)
          resolve(datagram)
        },
      }
      this.waiters.add(waiter)
    })
  }

  /** Returns all pending datagrams and removes them. */
  drain(): Datagram[] {
    return this.pending.splice(0)
  }

  /** Closes the socket. */
  close(): void {
    this.child.stdin?.end()
  }
}
