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
  /** The data plane lets others than root and its owner read only. */
  readonly membersRead: boolean
}

/** Reads it; undefined where there is no socket, or where a group is let in and another data plane than ours answers. */
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
 * Lets members of a group read, or with undefined nobody but root and the owner connect; connections that are open stay. Says
 * whether the data plane can: another one than ours would let members do everything. Raises the system's errors.
 */
export const setSocketGroup = async (
  name: string,
  groupId: number | undefined,
  directory = defaultDirectory,
  connect: Connect = connectByNet,
): Promise<boolean> => {
  const path = `${directory}/${name}.sock`
  // Nobody comes in before the data plane knows that they only read.
  if (!(await asks(connect, path, 'wgq_members=read\n\n'))) return false
  if (groupId === undefined) {
    chmodSync(path, 0o700)
    chownSync(path, process.geteuid?.() ?? 0, process.getegid?.() ?? 0)
  } else grantGroup(path, groupId)
  return true
}

// --- internal ---

const defaultDirectory = '/var/run/wireguard'

/** Whether members only read, as the data plane says; undefined where it does not know the question. */
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
