// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { type Exchange, isRefusal } from './exchange.ts'
import { attributesOf } from './message-reader.ts'
import type { MessageWriter } from './message-writer.ts'
import { flag } from './protocol.ts'

/** GENL_ID_CTRL: the family that looks up the others. */
const controllerType = 0x10
const getFamily = 3
const attribute = { familyId: 1, familyName: 2 } as const
/** Bytes of `struct genlmsghdr`. */
export const genericHeaderBytes = 4

/**
 * The message type of a generic netlink family. Raises {@link Refusal} EPROTONOSUPPORT if the kernel does not have it.
 */
export const findFamily = async (exchange: Exchange, name: string): Promise<number> => {
  let id: number | undefined
  try {
    id = await exchange.ask(
      controllerType,
      flag.ack,
      (writer) => {
        genericHeader(writer, getFamily)
        writer.textAttribute(attribute.familyName, name)
      },
      (message) => {
        const cursor = attributesOf(message, genericHeaderBytes)
        while (cursor.next()) if (cursor.type === attribute.familyId) return cursor.u16()
        return undefined
      },
    )
  } catch (error) {
    if (!isRefusal(error, 'ENOENT')) throw error
  }
  if (id === undefined)
    throw new WgqError('E_NETLINK', `The kernel has no generic netlink family "${name}"`, {
      errno: 'EPROTONOSUPPORT',
    })
  return id
}

/** struct genlmsghdr, version 1. */
export const genericHeader = (writer: MessageWriter, command: number): void => {
  writer.u8(command)
  writer.u8(1)
  writer.u16(0)
}
