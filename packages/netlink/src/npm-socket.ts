// SPDX-License-Identifier: MIT
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import { installedPackage } from '@wgq/native/installed-package'
import type { RawSocket, RawSocketOptions } from './raw-socket.ts'

/** The used part of `netlink/dist/raw` (the whole package takes 20 ms for generated tables). */
interface RawModule {
  readonly RawNetlinkSocket: new (protocol: number, options: { recvBufferSize?: number }) => NpmSocket
}

interface NpmSocket {
  on(event: 'message', listener: (datagram: Uint8Array) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  send(datagram: Uint8Array, options: object, callback: (error?: Error & { code?: string }) => void): void
  ref(): void
  unref(): void
  close(): void
}

/**
 * Opens a raw socket of npm `netlink`, for machines without the addon. It has no network namespaces, no extended
 * acknowledgements and no strict checking, and it aborts the process when the receive buffer overflows, which is why
 * batches are windowed. Raises `reason` (why there is no addon) if it cannot be used either.
 */
export const openNpmSocket = (options: RawSocketOptions, reason: WgqError = noAddon): RawSocket => {
  if (options.netnsPath !== undefined) throw reason
  const { RawNetlinkSocket } = load(reason)
  try {
    return new NpmAdapter(new RawNetlinkSocket(options.protocol, { recvBufferSize: 212_992 }))
  } catch (cause) {
    const errno = (cause as { code?: string }).code ?? 'EPROTONOSUPPORT'
    throw new WgqError('E_NETLINK', errnoText(errno), { errno, cause })
  }
}

class NpmAdapter implements RawSocket {
  private readonly socket: NpmSocket
  private readonly waiting: Uint8Array[] = []
  private failure: WgqError | undefined
  private wake: (() => void) | undefined

  constructor(socket: NpmSocket) {
    this.socket = socket
    socket.on('message', (datagram) => {
      this.waiting.push(datagram)
      this.wake?.()
    })
    socket.on('error', (error) => this.fail(error))
    // Only a pending request keeps the process alive.
    socket.unref()
  }

  send(datagram: Uint8Array): void {
    this.socket.send(datagram, {}, (error) => {
      if (error) this.fail(error)
    })
  }

  async receive(timeoutMs: number): Promise<Uint8Array> {
    if (this.waiting.length === 0 && !this.failure) await this.wait(timeoutMs)
    const datagram = this.waiting.shift()
    if (datagram) return datagram
    const failure = this.failure
    this.failure = undefined
    throw (
      failure ??
      new WgqError('E_NETLINK', `No answer from the kernel within ${timeoutMs} ms`, { errno: 'ETIMEDOUT' })
    )
  }

  close(): void {
    this.socket.close()
  }

  private wait(timeoutMs: number): Promise<void> {
    this.socket.ref()
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.wake = undefined
        this.socket.unref()
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      this.wake = done
    })
  }

  private fail(error: Error & { code?: string }): void {
    const errno = error.code ?? 'EIO'
    this.failure = new WgqError('E_NETLINK', errnoText(errno), { errno, cause: error })
    this.wake?.()
  }
}

const load = (reason: WgqError): RawModule => {
  try {
    // Not bundled: an optional dependency with a prebuilt binary beside it. In a checkout it belongs to this package,
    // seen from dist/lib.
    const [here, checkout] = ['.', '../../packages/netlink'].map((path) =>
      fileURLToPath(new URL(path, import.meta.url)),
    ) as [string, string]
    const folder = installedPackage('netlink', here) ?? installedPackage('netlink', checkout)
    if (folder === undefined) throw reason
    return createRequire(import.meta.url)(join(folder, 'dist/raw')) as RawModule
  } catch {
    throw reason
  }
}

const noAddon = new WgqError('E_NO_ADDON', 'Neither the native addon nor npm `netlink` is there', {
  errno: 'EPROTONOSUPPORT',
})
