// SPDX-License-Identifier: MIT
// IP packets for tests, written byte by byte (RFC 791, 8200, 792, 768, 9293).

const protocols = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const

/** Internet checksum (RFC 1071) of bytes, with a starting sum for the pseudo header. */
const checksum = (data: Uint8Array, start = 0): number => {
  let sum = start
  for (let i = 0; i < data.length; i += 2) sum += ((data[i] ?? 0) << 8) | (data[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** Bytes of an address in text: 4 or 16. */
export const addressBytes = (text: string): Buffer => {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number))
  const [head = '', tail] = text.split('::')
  const words = (part: string) => part.split(':').filter(Boolean)
  const missing = 8 - words(head).length - words(tail ?? '').length
  const all = [
    ...words(head),
    ...new Array<string>(tail === undefined ? 0 : missing).fill('0'),
    ...words(tail ?? ''),
  ]
  const out = Buffer.alloc(16)
  all.forEach((word, i) => {
    out.writeUInt16BE(Number.parseInt(word, 16), 2 * i)
  })
  return out
}

/** The fields of an IP header; the family follows from the addresses. */
export interface IpFields {
  readonly from: string
  readonly to: string
  /** Type of service or traffic class, with the ECN bits. */
  readonly tos?: number
  readonly ttl?: number
  readonly id?: number
  readonly dontFragment?: boolean
  readonly options?: Buffer
}

const sumOf = (data: Uint8Array): number => ~checksum(data) & 0xffff

const wrap = (fields: IpFields, protocol: number, payload: Buffer): Buffer => {
  const from = addressBytes(fields.from)
  const to = addressBytes(fields.to)
  if (from.length === 16) {
    const head = Buffer.alloc(8)
    head.writeUInt32BE((0x60000000 | ((fields.tos ?? 0) << 20)) >>> 0)
    head.writeUInt16BE(payload.length, 4)
    head[6] = protocol
    head[7] = fields.ttl ?? 64
    return Buffer.concat([head, from, to, payload])
  }
  const options = fields.options ?? Buffer.alloc(0)
  const head = Buffer.alloc(12)
  head[0] = 0x40 | (5 + options.length / 4)
  head[1] = fields.tos ?? 0
  head.writeUInt16BE(20 + options.length + payload.length, 2)
  head.writeUInt16BE(fields.id ?? 0, 4)
  if (fields.dontFragment) head[6] = 0x40
  head[8] = fields.ttl ?? 64
  head[9] = protocol
  const whole = Buffer.concat([head, from, to, options, payload])
  whole.writeUInt16BE(checksum(whole.subarray(0, 20 + options.length)), 10)
  return whole
}

const pseudo = (fields: IpFields, protocol: number, length: number): number => {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(protocol)
  head.writeUInt16BE(length, 2)
  return sumOf(Buffer.concat([addressBytes(fields.from), addressBytes(fields.to), head]))
}

/** An echo request, ICMP or ICMPv6 by the addresses. */
export const echoRequest = (
  fields: IpFields,
  id: number,
  sequence: number,
  payload: Buffer = Buffer.alloc(56),
): Buffer => {
  const v6 = fields.from.includes(':')
  const body = Buffer.concat([Buffer.alloc(8), payload])
  body[0] = v6 ? 128 : 8
  body.writeUInt16BE(id, 4)
  body.writeUInt16BE(sequence, 6)
  body.writeUInt16BE(checksum(body, v6 ? pseudo(fields, protocols.icmp6, body.length) : 0), 2)
  return wrap(fields, v6 ? protocols.icmp6 : protocols.icmp, body)
}

/** Identifier and sequence number of an echo reply; undefined for any other packet. */
export const readEchoReply = (
  packet: Buffer,
): { readonly id: number; readonly sequence: number } | undefined => {
  const v6 = (packet[0] ?? 0) >> 4 === 6
  const at = v6 ? 40 : ((packet[0] ?? 0) & 15) * 4
  if (packet.length < at + 8) return undefined
  if (packet[v6 ? 6 : 9] !== (v6 ? protocols.icmp6 : protocols.icmp)) return undefined
  if (packet[at] !== (v6 ? 129 : 0)) return undefined
  return { id: packet.readUInt16BE(at + 4), sequence: packet.readUInt16BE(at + 6) }
}

/** A UDP packet. */
export const udp = (fields: IpFields, fromPort: number, toPort: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(fromPort)
  head.writeUInt16BE(toPort, 2)
  head.writeUInt16BE(8 + payload.length, 4)
  const whole = Buffer.concat([head, payload])
  whole.writeUInt16BE(checksum(whole, pseudo(fields, protocols.udp, whole.length)) || 0xffff, 6)
  return wrap(fields, protocols.udp, whole)
}

/** The fields of a TCP header. */
export interface TcpFields {
  readonly fromPort: number
  readonly toPort: number
  readonly sequence: number
  readonly acknowledgement?: number
  /** Flag bits; ACK unless given. */
  readonly flags?: number
  readonly window?: number
  /** Option bytes, a multiple of four. */
  readonly options?: Buffer
  /** Writes a wrong checksum. */
  readonly corrupt?: boolean
}

/** TCP flag bits. */
export const tcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const

/** A TCP packet. */
export const tcp = (ip: IpFields, fields: TcpFields, payload: Buffer): Buffer => {
  const options = fields.options ?? Buffer.alloc(0)
  const head = Buffer.alloc(20)
  head.writeUInt16BE(fields.fromPort)
  head.writeUInt16BE(fields.toPort, 2)
  head.writeUInt32BE(fields.sequence >>> 0, 4)
  head.writeUInt32BE((fields.acknowledgement ?? 1) >>> 0, 8)
  head[12] = (5 + options.length / 4) << 4
  head[13] = fields.flags ?? tcpFlag.ack
  head.writeUInt16BE(fields.window ?? 512, 14)
  const whole = Buffer.concat([head, options, payload])
  const sum = checksum(whole, pseudo(ip, protocols.tcp, whole.length))
  whole.writeUInt16BE(fields.corrupt ? sum ^ 0x5555 : sum, 16)
  return wrap(ip, protocols.tcp, whole)
}

/** Cuts a decrypted packet to the length in its own header, without padding. */
export const trimPadding = (plain: Buffer): Buffer => {
  const version = (plain[0] ?? 0) >> 4
  if (version === 4) return plain.subarray(0, plain.readUInt16BE(2))
  if (version === 6) return plain.subarray(0, 40 + plain.readUInt16BE(4))
  return plain
}
