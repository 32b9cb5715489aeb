// SPDX-License-Identifier: MIT
import { resolve } from 'node:path'
import { WgqError } from '@wgq/model/error'
import { shown, visible } from '@wgq/model/shown'
import type { Handler } from '../command.ts'
import { readConfigOperand } from '../config-operand.ts'
import { faultlessText } from '../lint/refuse.ts'
import { oneValue, parseArguments } from '../options.ts'
import { writeErr, writeOut, writeOutBytes } from '../output.ts'
import { writePrivateFile } from '../private-file.ts'
import { drawCode, makeCode } from '../qr/code.ts'

/**
 * wgq qr FILE [--svg OUT] [--png OUT] [--invert]: prints a QR code for the apps. Raises `E_QR_SIZE` if the text is too
 * long and `E_QR_WIDTH` if the terminal is too narrow.
 */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const svg = oneValue(parsed, 'svg')
  const png = oneValue(parsed, 'png')
  if (svg !== undefined && png !== undefined && resolve(svg) === resolve(png))
    throw new WgqError('E_USAGE', `--svg and --png take two files, found "${shown(svg)}" for both`)
  const config = readConfigOperand(parsed.operands[0] as string)
  const text = await faultlessText(config)
  if (text === undefined) return 1
  const code = await makeCode(text)
  if (code.dropped.length > 0)
    writeErr(`wgq: left out, the apps do not know it: ${shown(code.dropped.join(', '))}\n`)
  if (code.warning !== undefined) writeErr(`wgq: ${code.warning}\n`)
  if (svg !== undefined || png !== undefined) {
    const { pngOf, svgOf } = await import('../qr/pictures.ts')
    if (svg !== undefined) writePicture(svg, svgOf(code.rows))
    if (png !== undefined) writePicture(png, pngOf(code.rows))
    return 0
  }
  writeOut(drawCode(code, parsed.flags.has('invert')))
  if (code.holdsPrivateKey) writeErr(`wgq: the code holds the private key of ${visible(config.path)}\n`)
  return 0
}

/** `-` is standard output. */
const writePicture = (path: string, picture: string | Uint8Array): void =>
  path === '-' ? writeOutBytes(Buffer.from(picture)) : writePrivateFile(path, picture)
