// SPDX-License-Identifier: MIT
import { closeSync, constants, openSync } from 'node:fs'
import { type IoctlTarget, ioctl, ioctlWithPointer } from '../system.ts'
import type { BsdPlatform } from './machine.ts'
import { amd64, type Machine, machineOf } from './machine.ts'
import { broadcastMode, neighbourFlag, type TunLayout, tunLayoutOf } from './tun-layout.ts'

/** The system calls needed to open a tun(4); tests record them. */
export interface TunPort {
  /** open(2) for reading and writing, non-blocking. Raises an error with `code`. */
  open(path: string): number
  close(fd: number): void
  /** ioctl(2) with a structure, changed in place. Raises an error with `code`. */
  ioctl(target: IoctlTarget, request: number, buffer: Buffer): void
  /** ioctl(2) with a structure that points to `data` at `offset`. Raises an error with `code`. */
  ioctlWithPointer(target: IoctlTarget, request: number, header: Buffer, offset: number, data: Buffer): void
}

/** An open tun(4). A 4-byte address family word in network order precedes every packet, in both directions. */
interface BsdTun {
  /** Non-blocking and close-on-exec. */
  readonly fd: number
  readonly name: string
  /** Destroys the interface if the system leaves it behind; the engine has closed its descriptor. */
  destroy(): void
  /** Closes the descriptor, then destroys the interface if the system leaves it behind. */
  close(): void
}

/** AF_INET on all BSDs. */
const afInet = 2

/** Maximum number of units to try. */
const mostUnits = 256

/**
 * Opens a tun(4) device with address family words and an MTU. FreeBSD allows any name: it renames a clone. On
 * OpenBSD and NetBSD `tun` takes the first free unit and `tunN` unit N. Raises an error with `code`: EBUSY in use,
 * EINVAL a name that the system does not allow, ENXIO no such device, EPERM not allowed.
 */
export const openBsdTun = (
  platform: BsdPlatform,
  wanted: string,
  mtu: number,
  port: TunPort = nativePort,
  machine: Machine = machineOf(platform) ?? amd64(platform),
): BsdTun => {
  const layout = tunLayoutOf(platform, machine)
  const opened = platform === 'freebsd' ? openClone(layout, port) : openUnit(wanted, port)
  let { name } = opened
  const destroy = () => {
    if (layout.destroy !== undefined) port.ioctl({ family: afInet }, layout.destroy, ifreq(layout, name))
  }
  const close = () => {
    port.close(opened.fd)
    destroy()
  }
  try {
    prepare(layout, opened.fd, name, port)
    if (layout.setName !== undefined && name !== wanted) {
      const newName = Buffer.alloc(16)
      newName.write(wanted, 0, 15)
      port.ioctlWithPointer({ family: afInet }, layout.setName, ifreq(layout, name), 16, newName)
      name = wanted
    }
    setMtu(layout, name, mtu, port)
  } catch (error) {
    close()
    throw error
  }
  return { fd: opened.fd, name, destroy, close }
}

/** SIOCSIFMTU. */
const setMtu = (layout: TunLayout, name: string, mtu: number, port: TunPort): void => {
  const request = ifreq(layout, name)
  writeI32(request, 16, mtu, layout)
  port.ioctl({ family: afInet }, layout.setMtu, request)
}

const openClone = (layout: TunLayout, port: TunPort): { fd: number; name: string } => {
  const fd = port.open('/dev/tun')
  const request = Buffer.alloc(layout.ifreqBytes)
  port.ioctl({ fd }, layout.getName as number, request)
  return { fd, name: request.toString('utf8', 0, 16).replace(/\0.*$/s, '') }
}

const openUnit = (wanted: string, port: TunPort): { fd: number; name: string } => {
  if (/^tun[0-9]{1,3}$/.test(wanted)) return { fd: port.open(`/dev/${wanted}`), name: wanted }
  if (wanted !== 'tun')
    throw Object.assign(new Error(`A tun device here is named tun or tunN, found ${wanted}`), {
      code: 'EINVAL',
    })
  for (let unit = 0; unit < mostUnits; unit++) {
    try {
      return { fd: port.open(`/dev/tun${unit}`), name: `tun${unit}` }
    } catch (error) {
      // The unit is open already, unknown to the kernel, or has no device file.
      if (!['EBUSY', 'ENXIO', 'ENOENT'].includes((error as { code?: string }).code ?? '')) throw error
    }
  }
  throw Object.assign(new Error('All tun devices are in use'), { code: 'EBUSY' })
}

const prepare = (layout: TunLayout, fd: number, name: string, port: TunPort): void => {
  if (layout.setMode !== undefined) port.ioctl({ fd }, layout.setMode, int(broadcastMode, layout))
  if (layout.setHead !== undefined) port.ioctl({ fd }, layout.setHead, int(1, layout))
  if (layout.neighbourInfo) {
    // Automatic link-local addresses race with the destruction of the interface.
    const request = Buffer.alloc(layout.neighbourInfo.bytes)
    request.write(name, 0, 15)
    port.ioctl({ family: layout.inet6 }, layout.neighbourInfo.get, request)
    const { flags: at } = layout.neighbourInfo
    const flags = view(request).getUint32(at, layout.littleEndian)
    const wanted = (flags & ~neighbourFlag.autoLinkLocal) | neighbourFlag.noDad
    view(request).setUint32(at, wanted >>> 0, layout.littleEndian)
    port.ioctl({ family: layout.inet6 }, layout.neighbourInfo.set, request)
  }
}

const ifreq = (layout: TunLayout, name: string): Buffer => {
  const request = Buffer.alloc(layout.ifreqBytes)
  request.write(name, 0, 15)
  return request
}

const int = (value: number, layout: TunLayout): Buffer => {
  const out = Buffer.alloc(4)
  writeI32(out, 0, value, layout)
  return out
}

const writeI32 = (bytes: Buffer, at: number, value: number, { littleEndian }: TunLayout): void =>
  view(bytes).setInt32(at, value, littleEndian)

const view = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

const nativePort: TunPort = {
  // libuv adds O_CLOEXEC.
  open: (path) => openSync(path, constants.O_RDWR | constants.O_NONBLOCK),
  close: closeSync,
  ioctl: (target, request, buffer) => void ioctl(target, request, buffer),
  ioctlWithPointer: (target, request, header, offset, data) =>
    void ioctlWithPointer(target, request, header, offset, data),
}
