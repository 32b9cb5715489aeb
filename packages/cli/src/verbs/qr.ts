// SPDX-License-Identifier: MIT
import { isatty } from 'node:tty'
import { appConfig } from '@wgq/config/app-config'
import { parseDocument } from '@wgq/config/document'
import { WgqError } from '@wgq/model/error'
import type { Handler } from '../command.ts'
import { readConfigOperand } from '../config-operand.ts'
import { lastValue, parseArguments } from '../options.ts'
import { writeErr, writeOut } from '../output.ts'
import { writePrivateFile } from '../private-file.ts'
import { halfBlocks, onWhite } from '../qr/half-blocks.ts'

// Less than the four modules of ISO/IEC 18004, which cameras do not need and terminals do not have.
const borderModules = 2

/** wgq qr FILE [--svg OUT] [--invert]: a QR code for the apps. Raises `E_QR_SIZE` for what does not fit into one. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const { text, path } = readConfigOperand(parsed.operands[0] as string)
  const { text: config, dropped } = appConfig(parseDocument(text))
  if (dropped.length > 0) writeErr(`wgq: left out, the apps do not know it: ${dropped.join(', ')}\n`)
  const { default: encodeQR } = await import('qr')
  // The smallest code: a screen does not get scratched.
  const options = { ecc: 'low', border: borderModules } as const
  const encode = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      const bytes = Buffer.byteLength(config)
      throw new WgqError('E_QR_SIZE', `A QR code holds 2953 bytes, the configuration has ${bytes}`, {
        hint: 'keep only the peers that the phone needs, and shorten AllowedIPs',
        cause: error,
      })
    }
  }
  const out = lastValue(parsed, 'svg')
  if (out !== undefined) {
    // Without a ground of its own the code is dark on dark in many viewers.
    const svg = encode(() => encodeQR(config, 'svg', options))
    writePrivateFile(out, svg.replace('>', '><rect width="100%" height="100%" fill="#fff"/>'))
    return 0
  }
  const rows = encode(() => encodeQR(config, 'raw', options))
  const plain = parsed.flags.has('invert') || !isatty(1)
  writeOut(plain ? halfBlocks(rows, parsed.flags.has('invert')) : onWhite(halfBlocks(rows, true)))
  if (/^PrivateKey/im.test(config)) writeErr(`wgq: the code holds the private key of ${path}\n`)
  return 0
}
