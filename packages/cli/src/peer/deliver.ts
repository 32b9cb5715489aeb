// SPDX-License-Identifier: MIT
import { lchownSync, lstatSync, statSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { WgqError } from '@wgq/model/error'
import { oneValue, type ParsedArguments } from '../options.ts'
import { tellErr } from '../output.ts'
import { writePrivateFile } from '../private-file.ts'
import { drawCode, makeCode } from '../qr/code.ts'
import { keep } from './kept.ts'

/** Destination of a client's file. */
interface Delivery {
  readonly output: string | undefined
  readonly qr: boolean
  /** Path of the tunnel's `NAME.conf` if a copy is to be kept beside it. */
  readonly keepBeside: string | undefined
}

/** Reads the delivery options. Raises `E_EXISTS` if the output file exists, unless it may be overwritten. */
export const deliveryOf = (parsed: ParsedArguments, configPath: string, mayOverwrite: boolean): Delivery => {
  const output = oneValue(parsed, 'output')
  if (output !== undefined && !mayOverwrite && isThere(output))
    throw new WgqError('E_EXISTS', `\`${output}' is there already`, {
      hint: 'name another file, or remove this one if nobody needs its keys any more',
    })
  return {
    output,
    qr: parsed.flags.has('qr'),
    keepBeside: parsed.flags.has('keep') ? configPath : undefined,
  }
}

/** Whether the output is a file, possibly behind a link; an empty one behind a link may be /dev/stdout. */
const isThere = (output: string): boolean => {
  const behind = statSync(output, { throwIfNoEntry: false })
  return (
    lstatSync(output, { throwIfNoEntry: false })?.isFile() === true ||
    (behind?.isFile() === true && behind.size > 0)
  )
}

/** Prepares the last step of a transaction, which delivers the client's file. Raises `E_QR_SIZE`. */
export const delivering = async (name: string, text: string, to: Delivery): Promise<() => void> => {
  const code = to.qr ? drawCode(await makeCode(text)) : undefined
  return () => {
    if (to.keepBeside !== undefined) keep(to.keepBeside, name, text)
    if (to.output !== undefined) {
      writePrivateFile(to.output, text)
      giveToCaller(to.output)
      tellErr(`[+] ${name}: ${to.output}\n`)
    }
    if (code !== undefined) print(code)
    else if (to.output === undefined) print(text)
  }
}

/** Unlike other output, this must not get lost: the private key cannot be created again. Raises `E_WRITE`. */
const print = (text: string): void => {
  const bytes = Buffer.from(text)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSome(bytes, at)
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new WgqError('E_WRITE', `The client's file could not be printed: ${errno}`, {
      errno,
      cause,
      hint: 'nothing was changed; --output writes it to a file',
    })
  }
}

const writeSome = (bytes: Buffer, at: number): number => {
  try {
    return writeSync(1, bytes, at)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    // The pipe is full and another process made it non-blocking: wait for its reader.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    return 0
  }
}

/** Gives the file to the user who called sudo, if that user owns the directory. */
const giveToCaller = (path: string): void => {
  const [uid, gid] = [process.env['SUDO_UID'], process.env['SUDO_GID']].map(Number)
  if (!uid || !gid || process.geteuid?.() !== 0) return
  if (statSync(dirname(resolve(path))).uid === uid) lchownSync(path, uid, gid)
}
