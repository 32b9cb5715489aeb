// SPDX-License-Identifier: MIT
import { chmodSync, chownSync, statSync } from 'node:fs'
import { type Connect, connectPatiently } from './connection.ts'
import { exchange } from './exchange.ts'
import { connectByNet } from './net-connection.ts'
import { grantGroup } from './server-access.ts'

/** Who may connect to the socket of a running data plane. */
export interface SocketGroup {
  /** The number of the group that may connect; undefined: only the owner. */
  readonly groupId?: number
  /** The data plane lets users other than root and its owner only read. */
  readonly membersRead: boolean
}

/** Reads the group; undefined if there is no socket, or if a group may connect and the data plane is not wgqd. */
export const readSocketGroup = async (
  name: string,
  directory = defaultDirectory,
  connect: Connect = connectByNet,
): Promise<SocketGroup | undefined> => {
  const path = `${directory}/${name}.sock`
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isSocket()) return undefined
  const membersRead = await asks(connect, path, 'wgq_members=1\n\n')
  if (membersRead === undefined) return undefined
  return { membersRead, ...((stat.mode & 0o070) === 0 ? {} : { groupId: stat.gid }) }
}

/**
 * Lets members of a group read; undefined lets only root and the owner connect. Open connections stay. Returns false if
 * the data plane does not support it: one other than wgqd would let members do everything. Raises the system's errors.
 */
export const setSocketGroup = async (
  name: string,
  groupId: number | undefined,
  directory = defaultDirectory,
  connect: Connect = connectByNet,
): Promise<boolean> => {
  const path = `${directory}/${name}.sock`
  // Restrict members to reading before the group can connect.
  if (!(await asks(connect, path, 'wgq_members=read\n\n'))) return false
  if (groupId === undefined) {
    chmodSync(path, 0o700)
    chownSync(path, process.geteuid?.() ?? 0, process.getegid?.() ?? 0)
  } else grantGroup(path, groupId)
  return true
}

// --- internal ---

const defaultDirectory = '/var/run/wireguard'

/** Queries the data plane whether members may only read; undefined if it does not support the request. */
const asks = async (connect: Connect, path: string, request: string): Promise<boolean | undefined> => {
  let answer: string | undefined
  try {
    await exchange(await connectPatiently(connect, path), request, (line) => {
      answer ??= line
    })
  } catch {
    return undefined
  }
  return answer === 'wgq_members=read' ? true : answer === 'wgq_members=all' ? false : undefined
}
