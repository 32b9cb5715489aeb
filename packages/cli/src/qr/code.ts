// SPDX-License-Identifier: MIT
import { isatty } from 'node:tty'
import { appConfig } from '@wgq/config/app-config'
import { parseDocument } from '@wgq/config/document'
import { WgqError } from '@wgq/model/error'
import { halfBlocks, onWhite } from './half-blocks.ts'

// Less than the four modules of ISO/IEC 18004, which cameras do not need and terminals do not have.
const borderModules = 2

/** A configuration as the apps take it, in a QR code. */
export interface Code {
  /** Rows of modules with the border; true is dark. */
  readonly rows: ReadonlyArray<readonly boolean[]>
  readonly svg: () => string
  /** Keys that the apps do not know: left out. */
  readonly dropped: readonly string[]
  readonly holdsPrivateKey: boolean
}

/** Makes the code of a configuration. Raises `E_QR_SIZE` for what does not fit into one. */
export const makeCode = async (text: string): Promise<Code> => {
  const { text: config, dropped } = appConfig(parseDocument(text))
  const { default: encodeQR } = await import('qr')
  // The smallest code: a screen does not get scratched.
  const options = { ecc: 'low', border: borderModules } as const
  try {
    return {
      rows: encodeQR(config, 'raw', options),
      // Without a ground of its own the code is dark on dark in many viewers.
      svg: () =>
        encodeQR(config, 'svg', options).replace('>', '><rect width="100%" height="100%" fill="#fff"/>'),
      dropped,
      holdsPrivateKey: /^PrivateKey/im.test(config),
    }
  } catch (cause) {
    const bytes = Buffer.byteLength(config)
    throw new WgqError('E_QR_SIZE', `A QR code holds 2953 bytes, the configuration has ${bytes}`, {
      hint: 'keep only the peers that the phone needs, and shorten AllowedIPs',
      cause,
    })
  }
}

/** The code as text for standard output; `invert` is for terminals with dark text on a light ground. */
export const drawCode = ({ rows }: Code, invert = false): string =>
  invert || !isatty(1) ? halfBlocks(rows, invert) : onWhite(halfBlocks(rows, true))
