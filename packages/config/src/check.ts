// SPDX-License-Identifier: MIT
import { parseCidr } from '@wgq/model/cidr'
import { isWgqError, WgqError } from '@wgq/model/error'
import { shellWord } from '@wgq/model/shell-word'
import { hideKeys } from '@wgq/model/shown'
import { checkDirectives } from './check-directives.ts'
import { checkEncoding } from './encoding.ts'
import { readSettings, type Setting } from './settings.ts'
import { splitEndpoint } from './wg/endpoint.ts'
import { strictPort } from './wg/port.ts'
import { readWgFile } from './wg/read-file.ts'

/**
 * Finds what would make `up` fail half-way, before it changes anything: the first value that `wg` or `ip` refuses, with
 * its line and column in the file. Looks up no names. Raises `E_VALUE`, `E_LINE`, `E_PEER`, `E_SAVE_CONFIG`, and
 * `E_ENCODING` for a file that is not UTF-8 without a byte-order mark.
 */
export const checkConfiguration = async (text: string, file: string): Promise<void> => {
  checkEncoding(text, file)
  checkDirectives(text, file)
  const { wgConfig, addresses, mtu, table } = readSettings(text, file, true)
  await readWgFile(Buffer.from(wgConfig).toString('latin1'), file, {
    ports: strictPort(),
    warn: () => {},
    // Checks only the form; names and services are resolved later.
    resolve: async (value) => {
      splitEndpoint(value)
      return undefined
    },
  }).catch((error) => {
    throw isWgqError(error) && error.code === 'E_LINE' ? explained(error, file) : error
  })
  for (const address of addresses) checkAddress(address)
  if (mtu) checkMtu(mtu)
  if (table) checkTable(table)
}

/**
 * The reader's errors are worded for `wg setconf`. Here wg-quick's keys are valid, and the line is from another
 * program.
 */
const explained = ({ code, message, at, wgText }: WgqError, file: string): WgqError =>
  new WgqError(code, message.replace('A key of wg', 'A key of wg or wg-quick'), {
    ...(at && { at }),
    ...(wgText === undefined ? {} : { wgText }),
    hint: `\`wgq lint ${shellWord(file)}\` says which key is meant, or which program the line is for`,
  })

const checkAddress = ({ value, at }: Setting): void => {
  // ip also takes short forms of IPv4 such as 10.1/16; an address with all four numbers must be valid.
  if (parseCidr(value) || /^[0-9]+(\.[0-9]+){0,2}(\/[0-9]+)?$/.test(value)) return
  throw new WgqError(
    'E_VALUE',
    `Address takes an IPv4 or IPv6 address with its mask, found ${JSON.stringify(value)}`,
    {
      at,
      hint: 'for example 10.0.0.2/24 or fd00::2/64',
    },
  )
}

const checkMtu = ({ value, at }: Setting): void => {
  if (/^(0x[0-9a-f]+|[0-9]+)$/i.test(value)) return
  throw new WgqError('E_VALUE', `MTU takes a number of bytes, found ${JSON.stringify(value)}`, {
    at,
    hint: 'leave the line out to have it found',
  })
}

/** Any word can be the name of a table, except one that looks like a key: the commands of `up` are printed. */
const checkTable = ({ value, at }: Setting): void => {
  const hidden = hideKeys(value)
  if (hidden === value) return
  throw new WgqError('E_VALUE', `Table takes off, auto, a number or a name of rt_tables, found "${hidden}"`, {
    at,
    hint: 'this looks like a key: it belongs behind PrivateKey, PublicKey or PresharedKey',
  })
}
