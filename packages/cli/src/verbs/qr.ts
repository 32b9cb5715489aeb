// SPDX-License-Identifier: MIT
import type { Handler } from '../command.ts'
import { readConfigOperand } from '../config-operand.ts'
import { lastValue, parseArguments } from '../options.ts'
import { writeErr, writeOut } from '../output.ts'
import { writePrivateFile } from '../private-file.ts'
import { drawCode, makeCode } from '../qr/code.ts'

/** wgq qr FILE [--svg OUT] [--png OUT] [--invert]: a QR code for the apps. Raises `E_QR_SIZE` for what does not fit into one. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const { text, path } = readConfigOperand(parsed.operands[0] as string)
  const code = await makeCode(text)
  if (code.dropped.length > 0)
    writeErr(`wgq: left out, the apps do not know it: ${code.dropped.join(', ')}\n`)
  const svg = lastValue(parsed, 'svg')
  const png = lastValue(parsed, 'png')
  if (svg !== undefined) writePrivateFile(svg, code.svg())
  if (png !== undefined) writePrivateFile(png, (await import('../qr/png.ts')).pngOf(code.rows))
  if (svg !== undefined || png !== undefined) return 0
  writeOut(drawCode(code, parsed.flags.has('invert')))
  if (code.holdsPrivateKey) writeErr(`wgq: the code holds the private key of ${path}\n`)
  return 0
}
