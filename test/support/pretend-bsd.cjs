// SPDX-License-Identifier: MIT
// Makes Node on Linux act as a BSD. Preloaded (-r), it changes the platform and the opening of a tun(4); as WGQ_ADDON,
// it is the real addon, but a Linux TUN with a word before each packet answers the requests of tun(4). There is no
// driver. WGQ_PRETEND holds {platform, layout, addon}: the numbers of `tunLayoutOf` and the path of the real addon.
const fs = require('node:fs')

const { platform, layout, addon } = JSON.parse(process.env.WGQ_PRETEND)
Object.defineProperty(process, 'platform', { value: platform })

// Of Linux.
const inet = { family: 2 }
const [tunSetIff, getFlags, getMtu, setMtu, setName] = [0x400454ca, 0x8913, 0x8921, 0x8922, 0x8923]
const [ifreqBytes, union, iffTun] = [40, 16, 1]

const native = () => require(addon)
const fail = (code, what) => {
  throw Object.assign(new Error(`${code}: ${what}`), { code })
}
const request = (name) => {
  const buffer = Buffer.alloc(ifreqBytes)
  buffer.write(name, 0, 15)
  return buffer
}
const nameIn = (buffer) => buffer.toString('latin1', 0, 16).replace(/\0.*$/s, '')

// --- tun(4): units that are opened; a clone on FreeBSD.

const realOpen = fs.openSync
const units = new Map()
const openUnit = (name) => {
  const fd = realOpen('/dev/net/tun', fs.constants.O_RDWR | fs.constants.O_NONBLOCK)
  const wanted = request(name)
  wanted.writeInt16LE(iffTun, union)
  try {
    native().ioctl({ fd }, tunSetIff, wanted)
  } catch (error) {
    fs.closeSync(fd)
    throw error
  }
  units.set(fd, name)
  return fd
}
fs.openSync = (path, ...rest) => {
  const unit = /^\/dev\/tun([0-9]*)$/.exec(String(path))
  if (!unit) return realOpen(path, ...rest)
  return openUnit(unit[1] === '' ? `tun${process.pid}` : `tun${unit[1]}`)
}

/** Answers a request of tun(4) or of an interface as the kernel would; fails for any other. */
const ioctl = (target, number, buffer) => {
  const asIt = (linux, name, value) => {
    const own = request(name)
    if (value !== undefined) own.writeInt32LE(value, union)
    try {
      native().ioctl(inet, linux, own)
    } catch (error) {
      // The BSDs return ENXIO for an interface that does not exist.
      fail(error.code === 'ENODEV' ? 'ENXIO' : error.code, name)
    }
    return own
  }
  switch (number) {
    case layout.getFlags:
      buffer.writeInt16LE(asIt(getFlags, nameIn(buffer)).readInt16LE(union), union)
      return 0
    case layout.getMtu:
      buffer.writeInt32LE(asIt(getMtu, nameIn(buffer)).readInt32LE(union), union)
      return 0
    case layout.setMtu:
      asIt(setMtu, nameIn(buffer), buffer.readInt32LE(union))
      return 0
    case layout.getName:
      buffer.write(units.get(target.fd), 0, 15)
      return 0
    case layout.setHead:
    case layout.setMode:
    case layout.neighbourInfo?.get:
    case layout.neighbourInfo?.set:
      return 0
    case layout.destroy:
      return 0 // it went with its descriptor
    default:
      return fail(platform === 'netbsd' ? 'ENXIO' : 'ENOENT', 'ioctl')
  }
}

const ioctlWithPointer = (_target, number, header, _offset, data) => {
  if (number !== layout.setName) return fail(platform === 'netbsd' ? 'ENXIO' : 'ENOENT', 'ioctl')
  const renamed = request(nameIn(header))
  renamed.write(nameIn(data), union, 15)
  native().ioctl(inet, setName, renamed)
  return 0
}

/** A routing socket that reports a possible change every 20 ms. */
const openRouteSocket = () => {
  let timer
  let news = 0
  return {
    send: () => {},
    receive: () => (news-- > 0 ? new Uint8Array(200) : undefined),
    watch: (listener) => {
      clearInterval(timer)
      if (!listener) return
      timer = setInterval(() => {
        news = 1
        listener()
      }, 20).unref()
    },
    close: () => clearInterval(timer),
  }
}

const absent = (name) => () => fail('ENOSYS', name)

module.exports = new Proxy(
  {
    ioctl,
    ioctlWithPointer,
    openRouteSocket,
    unveil: () => {},
    pledge: () => {},
    // Functions that only Linux has.
    openTun: absent('openTun'),
    attachTun: absent('attachTun'),
    openNetlinkSocket: absent('openNetlinkSocket'),
    keepCapabilities: absent('keepCapabilities'),
    confineSystemCalls: absent('confineSystemCalls'),
    setNetns: absent('setNetns'),
  },
  { get: (own, name) => own[name] ?? native()[name] },
)
