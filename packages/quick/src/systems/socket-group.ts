// SPDX-License-Identifier: MIT
import { readConfigFile } from '@wgq/config/config-file'
import { interfaceDirectives } from '@wgq/config/directives'
import { parseDocument } from '@wgq/config/document'
import { errnoText } from '@wgq/model/errno'
import { Failure } from '../run/failure.ts'
import type { Session } from '../session.ts'
import type { Difference } from '../state/device-difference.ts'
import { socketGroupOf } from './data-plane-options.ts'

/**
 * Compares `# SocketGroup` with the socket of the data plane. Leaves a group alone that was granted by hand, with
 * another data plane or without this line. Raises `E_VALUE`.
 */
export const socketGroupDifferences = async (session: Session): Promise<Difference[]> => {
  const { dependencies, name } = session
  if (!dependencies.socketGroup) return []
  const wanted = wantedGroup(session)
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

/** Lets only the group of the file read from the data plane's socket. Raises {@link Failure} after printing why. */
export const renewSocketGroup = async (session: Session): Promise<void> => {
  const { dependencies, name } = session
  const wanted = wantedGroup(session)
  const words = wanted === undefined ? 'chmod 700' : `chgrp ${wanted}`
  dependencies.print(`[#] ${words} /var/run/wireguard/${name}.sock\n`)
  try {
    await dependencies.socketGroup?.set(name, wanted)
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    dependencies.print(`[!] The group of /var/run/wireguard/${name}.sock stays: ${errnoText(code)}\n`)
    throw new Failure(1)
  }
}

const wantedGroup = ({ configPath }: Session): number | undefined => {
  const directives = interfaceDirectives(parseDocument(readConfigFile(configPath).text))
  const group = socketGroupOf(directives, configPath)
  return group === undefined ? undefined : Number(group)
}
