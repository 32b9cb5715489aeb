// SPDX-License-Identifier: MIT

import { errnoName, errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import { littleEndian } from './byte-order.ts'
import { AttributeCursor, type Message } from './message-reader.ts'
import { align, flag, headerBytes } from './protocol.ts'

/**
 * The kernel refused a request: code `E_NETLINK`, the error's name in `errno`, the kernel's message, if any, in
 * `extendedAck`.
 */
export class Refusal extends WgqError {
  readonly extendedAck: string | undefined

  constructor(errno: string, extendedAck?: string) {
    super('E_NETLINK', extendedAck ?? errnoText(errno), { errno })
    this.extendedAck = extendedAck
  }
}

// enum nlmsgerr_attrs
const messageAttribute = 1

/** Reads NLMSG_ERROR: undefined for an acknowledgement (error 0), else the refusal. Raises `E_NETLINK` when malformed. */
export const readAcknowledgement = (message: Message): Refusal | undefined => {
  const code = errorCode(message)
  if (code === 0) return undefined
  return new Refusal(errnoName(-code), extendedAck(message))
}

/** Reads NLMSG_DONE, which carries an error where a dump failed half way. */
export const readDone = (message: Message): Refusal | undefined => {
  if (message.end - message.start < 4) return undefined
  const code = message.view.getInt32(message.start, littleEndian)
  if (code >= 0) return undefined
  const text = message.flags & flag.ackAttributes ? ackText(message, message.start + 4) : undefined
  return new Refusal(errnoName(-code), text)
}

const errorCode = (message: Message): number => {
  if (message.end - message.start < 4)
    throw new WgqError('E_NETLINK', "Expected an error number in the kernel's answer, found none", {
      errno: 'EBADMSG',
    })
  const code = message.view.getInt32(message.start, littleEndian)
  if (code > 0)
    throw new WgqError('E_NETLINK', `Expected a negative error number, found ${code}`, { errno: 'EBADMSG' })
  return code
}

/** The error repeats the request (only its header when capped); the kernel's message follows it. */
const extendedAck = (message: Message): string | undefined => {
  if (!(message.flags & flag.ackAttributes)) return undefined
  const request = message.start + 4
  if (message.end - request < headerBytes) return undefined
  const length = message.flags & flag.capped ? headerBytes : message.view.getUint32(request, littleEndian)
  if (length < headerBytes || length > message.end - request) return undefined
  return ackText(message, request + align(length))
}

const ackText = (message: Message, start: number): string | undefined => {
  if (start > message.end) return undefined
  const cursor = new AttributeCursor(message.view, start, message.end)
  while (cursor.next()) if (cursor.type === messageAttribute) return cursor.text()
  return undefined
}
