// SPDX-License-Identifier: MIT
import { connectStream } from '@wgq/native/stream-connection'
import type { Connect } from '@wgq/uapi/connection'
import { connectByNet } from '@wgq/uapi/net-connection'
import { connectByStream } from '@wgq/uapi/stream-connection'

/** Connects through the addon, which saves 4 ms of loading node:net; through node:net if the addon does not load. */
export const connectToDaemon: Connect = async (path) => {
  try {
    return connectByStream(connectStream, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'E_NO_ADDON') throw error
    return connectByNet(path)
  }
}
