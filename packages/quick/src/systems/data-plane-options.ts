// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { readConfigFile } from '@wgq/config/config-file'
import { type Directive, interfaceDirectives } from '@wgq/config/directives'
import { parseDocument } from '@wgq/config/document'
import { WgqError } from '@wgq/model/error'

/**
 * Options of the built-in data plane from comments of the [Interface] section, as its environment: `# StickyPort = on`,
 * `# SocketGroup = wheel`. Raises `E_VALUE` with the position of an unknown group.
 */
export const dataPlaneEnvironment = (
  configPath: string,
  groupFile = '/etc/group',
): Readonly<Record<string, string>> => {
  const directives = directivesOf(configPath)
  const sticky = directives.findLast(({ key, value }) => key === 'stickyport' && /^(?:on|off)$/i.test(value))
  const group = groupOf(directives, configPath, groupFile)
  return {
    ...(sticky && { WGQ_STICKY_PORT: sticky.value.toLowerCase() === 'on' ? '1' : '0' }),
    ...(group === undefined ? {} : { WGQ_SOCKET_GROUP: group }),
  }
}

/** The group number of `# SocketGroup`; undefined without such a line. Raises `E_VALUE` for an unknown group. */
export const wantedSocketGroup = (configPath: string): number | undefined => {
  const group = groupOf(directivesOf(configPath), configPath)
  return group === undefined ? undefined : Number(group)
}

// --- internal ---

const directivesOf = (configPath: string): readonly Directive[] =>
  interfaceDirectives(parseDocument(readConfigFile(configPath).text))

const groupOf = (
  directives: readonly Directive[],
  configPath: string,
  groupFile = '/etc/group',
): string | undefined => {
  const group = directives.findLast(({ key, value }) => key === 'socketgroup' && value !== '')
  return group && groupId(group, configPath, groupFile)
}

/** The number of a group in /etc/group, or of one given as a number. */
const groupId = ({ value, line }: Directive, file: string, groupFile: string): string => {
  if (/^\d{1,9}$/.test(value)) return value
  const groups = readFileSync(groupFile, 'latin1').split('\n')
  const [, , id] = groups.map((text) => text.split(':')).find(([name]) => name === value) ?? []
  if (id !== undefined && /^\d{1,9}$/.test(id)) return id
  throw new WgqError(
    'E_VALUE',
    `SocketGroup takes a group of ${groupFile} or its number, found ${JSON.stringify(value)}`,
    {
      at: { file, line, column: 1 },
      hint: '`getent group` lists the groups of this machine',
    },
  )
}
