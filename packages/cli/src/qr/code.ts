// SPDX-License-Identifier: MIT
import { isatty } from 'node:tty'
import { appConfig } from '@wgq/config/app-config'
import { parseDocument } from '@wgq/config/document'
import { WgqError } from '@wgq/model/error'
import { directivesThatAreSet } from '../exchange/lost-comments.ts'
import { halfBlocks, onWhite } from './half-blocks.ts'
import type { QrSymbol } from './symbol.ts'

// ISO/IEC 18004, table 7: version 40, level L, byte mode.
const mostBytes = 2953

// Measured with ZXing on simulated photos: 4 of 4 read at 283 bytes, 2 of 4 at 647, none at 1,376.
const easyBytes = 600

/** A configuration for the apps, in a QR code. */
interface Code {
  /** Rows of modules, including the quiet zone. */
  readonly rows: QrSymbol
  /** Keys, directives and words of values that were left out because the apps do not support them. */
  readonly dropped: readonly string[]
  readonly holdsPrivateKey: boolean
  /** A sentence about a code that many cameras cannot read. */
  readonly warning?: string
}

/** Creates the code of a configuration. Raises `E_QR_SIZE` if the text is too long. */
export const makeCode = async (text: string): Promise<Code> => {
  const document = parseDocument(text)
  const { text: config, dropped } = appConfig(document)
  const bytes = Buffer.byteLength(config)
  if (bytes > mostBytes) {
    throw new WgqError('E_QR_SIZE', `A QR code holds ${mostBytes} bytes, the configuration has ${bytes}`, {
      hint: 'keep only the peers that the phone needs, and shorten AllowedIPs',
    })
  }
  const { symbolOf } = await import('./symbol.ts')
  return {
    rows: symbolOf(config),
    dropped: [...dropped, ...directivesThatAreSet(document)],
    holdsPrivateKey: /^PrivateKey/im.test(config),
    ...(bytes > easyBytes
      ? {
          warning: `the code holds ${bytes} bytes; many cameras do not read more than about ${easyBytes}: shorten AllowedIPs, keep one peer`,
        }
      : {}),
  }
}

/**
 * Draws the code as text for standard output; `invert` is for terminals with dark text on a light background. Raises
 * `E_QR_WIDTH` for a terminal that is too narrow: decoders cannot read a picture with wrapped lines.
 */
export const drawCode = ({ rows }: Code, invert = false): string => {
  const onTerminal = isatty(1)
  const columns = onTerminal ? process.stdout.columns : undefined
  if (columns !== undefined && columns > 0 && rows.length > columns) {
    throw new WgqError('E_QR_WIDTH', `The code is ${rows.length} columns wide, the terminal has ${columns}`, {
      hint: `make the terminal ${rows.length} columns wide, or write a picture: --svg FILE, --png FILE`,
    })
  }
  return invert || !onTerminal ? halfBlocks(rows, invert) : onWhite(halfBlocks(rows, true))
}
