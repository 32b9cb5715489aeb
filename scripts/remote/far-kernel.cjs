// SPDX-License-Identifier: MIT
// Makes Node act as the BSD at the far end of scripts/verify-bsd --remote. Preloaded (-r), it changes what Node reports
// of its system; as WGQ_ADDON, it is the real addon, but with kernel calls made at the far end.
const { execFileSync } = require('node:child_process')
const os = require('node:os')

const { platform, release, architecture, endianness, client, addon } = JSON.parse(process.env.WGQ_REMOTE)
Object.defineProperty(process, 'platform', { value: platform })
Object.defineProperty(process, 'arch', { value: architecture })
os.release = () => release
os.endianness = () => endianness

/** Sends a request and waits synchronously for the answer. */
const ask = (question) =>
  JSON.parse(execFileSync(process.execPath, [client], { input: JSON.stringify(question), encoding: 'utf8' }))

const check = (errno) => {
  if (errno !== '0') throw Object.assign(new Error(`${errno}: ioctl at the far end`), { code: errno })
  return 0
}

const ioctl = (target, request, buffer = new Uint8Array(0)) => {
  if (target.family === undefined) return check('ENOTTY')
  const answer = ask({ ioctl: [target.family, String(request)], header: Buffer.from(buffer).toString('hex') })
  buffer.set(Buffer.from(answer.header, 'hex'))
  return check(answer.errno)
}

const ioctlWithPointer = (target, request, header, offset, data = new Uint8Array(0)) => {
  const answer = ask({
    ioctl: [target.family, String(request), offset],
    header: Buffer.from(header).toString('hex'),
    data: Buffer.from(data).toString('hex'),
  })
  header.set(Buffer.from(answer.header, 'hex'))
  data.set(Buffer.from(answer.data, 'hex'))
  return check(answer.errno)
}

const interfaceIndex = (name) => ask({ index: name }).index || undefined

const own = { ioctl, ioctlWithPointer, interfaceIndex }
module.exports = new Proxy(own, { get: (_, name) => own[name] ?? require(addon)[name] })
