// SPDX-License-Identifier: MIT
import type { RouteSocket } from '@wgq/native/bsd/route-socket'
import type { TunLayout } from '@wgq/native/bsd/tun-layout'
import type { LinkState } from '../link-watch.ts'
import type { LinkEvents, LinkWatcher } from './daemon-system.ts'

/** What {@link BsdLinkWatch} needs; tests give their own. */
interface BsdLinkWatchDependencies extends Omit<LinkEvents, 'onLost'> {
  readonly openSocket: () => RouteSocket
  /** Returns the current state of the TUN; undefined if it no longer exists. */
  readonly readState: () => LinkState | undefined
}

/** IFF_UP on all BSDs. */
const up = 1

/** Follows a tun(4) over a routing socket: queries the state itself after any message. */
export class BsdLinkWatch implements LinkWatcher {
  /** There are no namespaces, and a tun(4) is never moved. */
  readonly isHere = true
  private readonly dependencies: BsdLinkWatchDependencies
  private socket: RouteSocket | undefined
  private last: LinkState | undefined

  constructor(dependencies: BsdLinkWatchDependencies) {
    this.dependencies = dependencies
  }

  start(): void {
    this.socket = this.dependencies.openSocket()
    this.socket.watch(() => this.refresh())
    this.look()
  }

  refresh(): void {
    if (this.socket && drain(this.socket)) this.look()
  }

  close(): void {
    this.socket?.close()
    this.socket = undefined
  }

  private look(): void {
    const state = this.dependencies.readState()
    if (!state) {
      this.close()
      this.dependencies.onDeleted()
    } else if (state.up !== this.last?.up || state.mtu !== this.last.mtu) {
      this.last = state
      this.dependencies.onState(state)
    }
  }
}

/** Reads all waiting messages; returns whether there were any. */
export const drain = (socket: RouteSocket): boolean => {
  for (let any = false; ; any = true) {
    try {
      if (!socket.receive()) return any
    } catch {
      // ENOBUFS: lost messages count as a change.
    }
  }
}

/** Reads SIOCGIFFLAGS and SIOCGIFMTU; undefined if there is no such interface. `ioctl` raises an error with `code`. */
export const readLinkState = (
  name: string,
  layout: TunLayout,
  ioctl: (request: number, buffer: Buffer) => void,
): LinkState | undefined => {
  const ask = (request: number): DataView => {
    const buffer = Buffer.alloc(layout.ifreqBytes)
    buffer.write(name, 0, 15, 'latin1')
    ioctl(request, buffer)
    return new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  }
  const union = 16
  try {
    return {
      up: (ask(layout.getFlags).getInt16(union, layout.littleEndian) & up) !== 0,
      mtu: ask(layout.getMtu).getInt32(union, layout.littleEndian),
    }
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENXIO') throw error
    return undefined
  }
}
