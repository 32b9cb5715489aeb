// SPDX-License-Identifier: MIT
import { closeSync, constants, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs'
import { WgqError } from '@wgq/model/error'
import type { HandshakeKeys } from '../device/dependencies.ts'

/**
 * Writes the keys of each handshake to a file in the format of Wireshark's preference `wg.keylog_file`, which can then
 * decrypt a capture. Only with a key log are the private halves of ephemeral keys JavaScript values.
 */
export class KeyLog {
  private readonly fd: number

  /** Opens the file for appending, readable only by the owner. Raises a {@link WgqError} on failure. */
  constructor(path: string) {
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants
    try {
      this.fd = openSync(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600)
    } catch (cause) {
      throw refused(path, (cause as Error).message, cause)
    }
    const found = fstatSync(this.fd)
    if (!found.isFile() || found.uid !== process.geteuid?.()) {
      closeSync(this.fd)
      throw refused(path, 'it is not a file of our own')
    }
    fchmodSync(this.fd, 0o600)
  }

  /** Appends the keys of a handshake. A full disk must not end the tunnel. */
  note = ({ localStatic, remoteStatic, ephemeral, presharedKey }: HandshakeKeys): void => {
    const base64 = (key: Uint8Array) => Buffer.from(key).toString('base64')
    const lines = [
      `LOCAL_STATIC_PRIVATE_KEY = ${localStatic}`,
      `REMOTE_STATIC_PUBLIC_KEY = ${remoteStatic}`,
      `LOCAL_EPHEMERAL_PRIVATE_KEY = ${base64(ephemeral)}`,
      ...(presharedKey ? [`PRESHARED_KEY = ${base64(presharedKey)}`] : []),
    ]
    try {
      writeSync(this.fd, `${lines.join('\n')}\n`)
    } catch {
      // ENOSPC and the like.
    }
  }

  close(): void {
    closeSync(this.fd)
  }
}

const refused = (path: string, why: string, cause?: unknown): WgqError =>
  new WgqError('E_KEYLOG', `The keys cannot be written to ${path}: ${why}`, {
    hint: 'WGQ_KEYLOG names a file that is yours, or one that does not exist in a folder that does',
    cause,
  })
