// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { readConfigFile } from '@wgq/config/config-file'
import { parseDocument } from '@wgq/config/document'
import { dropIns } from '@wgq/config/drop-ins'
import { peerBlocks } from '@wgq/config/peers/blocks'
import { hasExpired } from '@wgq/config/peers/expiry'
import { isWgqError } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'
import { thisProgram } from '../as-root.ts'
import { configPathOf } from './config-path.ts'
import type { DeviceEvent } from './device-events.ts'
import { FileMemo } from './file-memo.ts'

/** How long a peer that could not be disabled is left alone before the next attempt. */
const retryMs = 60_000

/** Disables peers whose `# Expires` has come, as `wgq peer disable` does. Files are read again only where they change. */
export class ExpiryWatch {
  private readonly disable: (interfaceName: string, publicKey: Key) => boolean
  private readonly expiring = new FileMemo((path) =>
    peerBlocks(parseDocument(readConfigFile(path).text)).flatMap(({ publicKey, expires, disabled }) =>
      expires === undefined || disabled ? [] : [{ publicKey, expires }],
    ),
  )
  private readonly failedMs = new Map<Key, number>()

  /** `disable` says whether it worked; it runs the verb in a process of its own unless given. */
  constructor(disable = disableInProcess) {
    this.disable = disable
  }

  /** Disables what is due on an interface; the events tell of those that worked. */
  act(interfaceName: string, nowMs: number): DeviceEvent[] {
    return this.due(interfaceName, nowMs).flatMap((peer) => {
      if (nowMs - (this.failedMs.get(peer) ?? -retryMs) < retryMs) return []
      if (this.disable(interfaceName, peer)) return [{ event: 'expired', interface: interfaceName, peer }]
      this.failedMs.set(peer, nowMs)
      return []
    })
  }

  private due(interfaceName: string, nowMs: number): Key[] {
    try {
      const path = configPathOf(interfaceName)
      return [path, ...dropIns(path)]
        .flatMap((part) => this.expiring.get(part))
        .filter(({ expires }) => hasExpired(expires, nowMs))
        .map(({ publicKey }) => publicKey)
    } catch (error) {
      // No file, or none that may be read: nothing to act on.
      if (isWgqError(error)) return []
      throw error
    }
  }
}

const disableInProcess = (interfaceName: string, publicKey: Key): boolean =>
  spawnSync(thisProgram().script, ['peer', 'disable', interfaceName, publicKey], {
    stdio: ['ignore', 'ignore', 'inherit'],
  }).status === 0
