// SPDX-License-Identifier: MIT
import { openSync } from 'node:fs'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import { ipStatus } from './ip-argument.ts'

/** Path of a network namespace given by name (`ip netns`) or by path. */
export const namespacePath = (netns: string): string => (netns.includes('/') ? netns : `/run/netns/${netns}`)

/** An open descriptor of a namespace; the caller closes it, or the process ends. Raises `E_HOST` with ip's message. */
export const openNamespace = (netns: string): number => {
  try {
    return openSync(namespacePath(netns), 'r')
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new WgqError('E_HOST', `Cannot open network namespace "${netns}": ${errnoText(errno)}`, {
      errno,
      exitCode: ipStatus.usage,
      hint: '`ip netns list` shows the namespaces that have a name',
      cause,
    })
  }
}
