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

/** Delay before the next attempt if a peer could not be disabled. */
const retryMs = 60_000

/**
 * Disables peers whose `# Expires` time has passed, like `wgq peer disable`. Reads files again only if they changed.
 */
export class ExpiryWatch {
  private readonly disable: (interfaceName: string, publicKey: Key) => boolean
  private readonly expiring = new FileMemo((path) =>
    peerBlocks(parseDocument(readConfigFile(path).text)).flatMap(({ publicKey, expires, disabled }) =>
      expires === undefined || disabled ? [] : [{ publicKey, expires }],
    ),
  )
  private readonly failedMs = new Map<Key, number>()

  /** `disable` returns whether it succeeded; by default it runs the verb in a separate process. */
  constructor(disable = disableInProcess) {
    this.disable = disable
  }

  /** Disables the expired peers of an interface; returns events for the successful ones. */
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
      // No readable file: nothing to do.
      if (isWgqError(error)) return []
      throw error
    }
  }
}

const disableInProcess = (interfaceName: string, publicKey: Key): boolean =>
  spawnSync(thisProgram().script, ['peer', 'disable', interfaceName, publicKey], {
    stdio: ['ignore', 'ignore', 'inherit'],
  }).status === 0
