// SPDX-License-Identifier: MIT
import { crc32, deflateSync } from 'node:zlib'

/** Pixels of a module: enough for a camera, and whole. */
const scale = 8
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** A PNG picture (ISO/IEC 15948) of rows of modules, true is black: one bit a pixel, 8 pixels a module. */
export const pngOf = (rows: ReadonlyArray<readonly boolean[]>): Buffer => {
  const width = (rows[0]?.length ?? 0) * scale
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(rows.length * scale, 4)
  header[8] = 1 // bits of a sample; the other fields are 0: grey, deflate, no interlacing
  const lines = rows.flatMap((row) => {
    // The filter byte, then eight pixels a byte: one module.
    const line = Buffer.from([0, ...row.map((dark) => (dark ? 0x00 : 0xff))])
    return Array.from({ length: scale }, () => line)
  })
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(lines))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body) >>> 0, body.length + 4)
  return out
}
