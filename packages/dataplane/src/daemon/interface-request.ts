// SPDX-License-Identifier: MIT
import { ioctl } from '@wgq/native/system'

// struct ifreq of netdevice(7): 16 bytes of name, then a union of 24 bytes. Host byte order.
const requestBytes = 40
const nameBytes = 16
const requests = {
  getMtu: 0x8921,
  setMtu: 0x8922,
  setQueueLength: 0x8943,
  getFlags: 0x8913,
  setFlags: 0x8914,
  tunGetInterface: 0x800454d2,
} as const
const inet = 2

/** Sets the MTU unless it is right already: an unprivileged owner of a pre-created TUN may not set it (4d58191). */
export const setMtu = (name: string, mtu: number): void => {
  const request = new Int32Array(requestBytes / 4)
  const bytes = named(request, name)
  ioctl({ family: inet }, requests.getMtu, bytes)
  if (request[nameBytes / 4] === mtu) return
  request[nameBytes / 4] = mtu
  ioctl({ family: inet }, requests.setMtu, bytes)
}

/** `ip link set NAME txqueuelen N`. */
export const setQueueLength = (name: string, packets: number): void => {
  const request = new Int32Array(requestBytes / 4)
  const bytes = named(request, name)
  request[nameBytes / 4] = packets
  ioctl({ family: inet }, requests.setQueueLength, bytes)
}

/** `ip link set NAME multicast off`. */
export const clearMulticast = (name: string): void => {
  const request = new Int32Array(requestBytes / 4)
  const bytes = named(request, name)
  ioctl({ family: inet }, requests.getFlags, bytes)
  // The flags are a short.
  const flags = new Uint16Array(request.buffer, nameBytes, 1)
  flags[0] = (flags[0] as number) & ~multicastFlag
  ioctl({ family: inet }, requests.setFlags, bytes)
}

/** IFF_MULTICAST. */
const multicastFlag = 0x1000

/** The current interface name of a TUN descriptor; undefined if the interface was deleted. */
export const tunName = (fd: number): string | undefined => {
  const bytes = Buffer.alloc(requestBytes)
  try {
    ioctl({ fd }, requests.tunGetInterface, bytes)
  } catch {
    return undefined
  }
  return bytes.toString('latin1', 0, nameBytes).replace(/\0.*$/s, '')
}

const named = (request: Int32Array, name: string): Buffer => {
  const bytes = Buffer.from(request.buffer)
  bytes.write(name, 0, nameBytes - 1, 'latin1')
  return bytes
}
