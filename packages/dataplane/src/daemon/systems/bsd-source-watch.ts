// SPDX-License-Identifier: MIT
import type { networkInterfaces } from 'node:os'
import { formatIp, parseIp } from '@wgq/model/ip'
import type { Machine } from '@wgq/native/bsd/machine'
import type { RouteSocket } from '@wgq/native/bsd/route-socket'
import { routedAddresses } from '../../device/endpoint-record.ts'
import type { SourceWatcher } from './daemon-system.ts'

/** Changes within this time are handled together. */
const debounceMs = 20

/** What {@link BsdSourceWatch} needs; tests give their own. */
interface BsdSourceWatchDependencies {
  readonly openSocket: () => RouteSocket
  /** The source address that the kernel would use for a destination; undefined if there is no route. */
  readonly chooseSource: (address: Uint8Array, mark: number) => Uint8Array | undefined
  readonly interfaces: typeof networkInterfaces
  readonly machine: Machine
}

/** Watches addresses and routes over a routing socket, and requests a check of learned sources on changes. */
export class BsdSourceWatch implements SourceWatcher {
  private readonly dependencies: BsdSourceWatchDependencies
  private readonly onChange: (watch: SourceWatcher) => Promise<void>
  private readonly socket: RouteSocket
  private readonly kinds: ReadonlySet<number>
  private timer: NodeJS.Timeout | undefined
  private changed = false
  private checking = false
  private closed = false

  /** Calls `onChange` when something changed, never concurrently. */
  constructor(dependencies: BsdSourceWatchDependencies, onChange: (watch: SourceWatcher) => Promise<void>) {
    this.dependencies = dependencies
    this.onChange = onChange
    const { fact } = dependencies.machine
    this.kinds = new Set(
      ['RTM_ADD', 'RTM_DELETE', 'RTM_CHANGE', 'RTM_NEWADDR', 'RTM_DELADDR'].map((name) => fact(name)),
    )
    this.socket = dependencies.openSocket()
    this.socket.watch(() => this.hear())
  }

  /** Whether the address is gone, or the kernel would now send to the peer from an address of another interface. */
  isStale(record: Uint8Array, mark: number): boolean {
    const addresses = routedAddresses(record)
    if (!addresses) return false
    if (addresses === 'wrong') return true
    const { source, destination } = addresses
    const learned = this.interfacesOf(source)
    const chosen = this.dependencies.chooseSource(destination, mark)
    return !chosen || !this.interfacesOf(chosen).some((name) => learned.includes(name))
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.socket.close()
  }

  private interfacesOf(address: Uint8Array): string[] {
    const text = formatIp(address)
    return Object.entries(this.dependencies.interfaces()).flatMap(([name, addresses]) =>
      addresses?.some((each) => each.address === text || sameAddress(each.address, address)) ? [name] : [],
    )
  }

  private hear(): void {
    const typeAt = this.dependencies.machine.fact('rt_msghdr.rtm_type')
    for (;;) {
      try {
        const message = this.socket.receive()
        if (!message) break
        if (this.kinds.has(message[typeAt] ?? 0)) this.changed = true
      } catch {
        this.changed = true // ENOBUFS: lost messages count as a change
      }
    }
    this.arm()
  }

  private arm(): void {
    if (!this.changed || this.checking || this.timer || this.closed) return
    this.timer = setTimeout(() => void this.check(), debounceMs)
  }

  private async check(): Promise<void> {
    this.timer = undefined
    this.changed = false
    this.checking = true
    await this.onChange(this)
    this.checking = false
    this.arm()
  }
}

const sameAddress = (text: string, bytes: Uint8Array): boolean => {
  const other = parseIp(text)
  return other !== undefined && Buffer.compare(other, bytes) === 0
}
