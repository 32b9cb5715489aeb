// SPDX-License-Identifier: MIT
import { errnoText } from '@wgq/model/errno'
import { Failure } from '../run/failure.ts'
import type { Session } from '../session.ts'
import type { Difference } from '../state/device-difference.ts'
import { wantedSocketGroup } from './data-plane-options.ts'

/**
 * Compares `# SocketGroup` with the socket of the data plane. Leaves a group alone that was granted by hand, with
 * another data plane or without this line. Raises `E_VALUE`.
 */
export const socketGroupDifferences = async (session: Session): Promise<Difference[]> => {
  const { dependencies, name } = session
  if (!dependencies.socketGroup) return []
  const wanted = wantedSocketGroup(session.configPath)
  const seen = await dependencies.socketGroup.read(name)
  if (!seen || (wanted === undefined && !seen.membersRead)) return []
  if (seen.groupId === wanted && (seen.membersRead || wanted === undefined)) return []
  return [
    {
      object: 'socket group',
      ...(seen.groupId === undefined ? {} : { running: `${seen.groupId}` }),
      ...(wanted === undefined ? {} : { wanted: `${wanted}` }),
    },
  ]
}

/**
 * Lets only the wanted group of a {@link socketGroupDifferences} read from the data plane's socket. Raises {@link
 * Failure} after printing why.
 */
export const renewSocketGroup = async (
  { dependencies, name }: Session,
  { wanted }: Difference,
): Promise<void> => {
  const words = wanted === undefined ? 'chmod 700' : `chgrp ${wanted}`
  dependencies.print(`[#] ${words} /var/run/wireguard/${name}.sock\n`)
  try {
    await dependencies.socketGroup?.set(name, wanted === undefined ? undefined : Number(wanted))
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    dependencies.print(`[!] The group of /var/run/wireguard/${name}.sock stays: ${errnoText(code)}\n`)
    throw new Failure(1)
  }
}
