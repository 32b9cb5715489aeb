// SPDX-License-Identifier: MIT
import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { decodeConfig, readConfigFile } from '@wgq/config/config-file'
import { binaryFile, endsLinesWithCr, wideEncoding } from '@wgq/config/encoding'
import { beginningOf } from '@wgq/config/lint/beginnings'
import { WgqError } from '@wgq/model/error'
import { shellWord } from '@wgq/model/shell-word'
import type { Handler } from '../command.ts'
import { readNetworkManager } from '../exchange/read-network-manager.ts'
import { type ForeignFile, readNetworkd } from '../exchange/read-networkd.ts'
import type { Converted, Tunnel } from '../exchange/tunnel.ts'
import { printTunnel } from '../exchange/tunnel.ts'
import { writeLost } from '../lost.ts'
import { warnIfOutputIsOpen } from '../open-output.ts'
import { oneValue, parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'
import { writePrivateFile } from '../private-file.ts'

/** wgq import FILE…: prints a configuration file; reports lost settings on stderr. Raises `E_IMPORT`. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const { result, lost } = convert(parsed.operands.map(readForeignFile))
  writeLost(lost)
  const text = printTunnel(result)
  const output = oneValue(parsed, 'output')
  if (output !== undefined) writePrivateFile(output, text)
  else {
    warnIfOutputIsOpen()
    writeOut(text)
  }
  return 0
}

const readForeignFile = (path: string): ForeignFile => {
  const { text } = path === '-' ? decodeConfig(0) : readConfigFile(path)
  const binary = binaryFile(text)
  if (binary) {
    const message = `A profile of NetworkManager or networkd is expected, found ${binary.name}`
    throw new WgqError('E_IMPORT', message, { hint: binary.hint })
  }
  if (endsLinesWithCr(text)) {
    const message = `The lines of \`${path}' end with CR alone: all of it is one line`
    throw new WgqError('E_IMPORT', message, {
      hint: `tr '\\r' '\\n' < ${shellWord(path)} makes lines of them`,
    })
  }
  const encoding = wideEncoding(text)
  if (encoding === undefined) return { path, text: text.replace(/^\ufeff/, '') }
  throw new WgqError('E_IMPORT', `\`${path}' is ${encoding}, UTF-8 is expected`, {
    hint: `iconv -f ${encoding} -t UTF-8 makes UTF-8 of it`,
  })
}

/** networkd also reads `NAME.network.d/*.conf` beside the file. */
const dropInsOf = (path: string): string[] => {
  const folder = `${path}.d`
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.conf'))
    .map((name) => `${join(folder, name)}: append it to ${basename(path)} and import that`)
}

const firstLine = (text: string): string => /^[\t ]*[^#\s].*$/m.exec(text)?.[0] ?? ''

const convert = (files: readonly ForeignFile[]): Converted<Tunnel> => {
  const filesWith = (section: RegExp): ForeignFile[] => files.filter(({ text }) => section.test(text))
  const [netdev, ...moreNetdevs] = filesWith(/^[\t ]*\[NetDev\]/m)
  const networks = filesWith(/^[\t ]*\[(?:Match|Network|Address|Route|Link)\]/m).filter(
    (file) => file !== netdev,
  )
  const [keyfile] = filesWith(/^[\t ]*\[connection\]/m)
  if (keyfile && files.length === 1) return readNetworkManager(keyfile.text, keyfile.path)
  if (netdev && moreNetdevs.length === 0 && networks.length <= 1 && files.length === 1 + networks.length) {
    const { result, lost } = readNetworkd(netdev, networks[0])
    return { result, lost: [...lost, ...files.flatMap(({ path }) => dropInsOf(path))] }
  }
  if (filesWith(/^[\t ]*(?:tunnels|network)[\t ]*:/m).length > 0) {
    throw new WgqError(
      'E_IMPORT',
      'A profile of NetworkManager or networkd is expected, found YAML of netplan',
      {
        hint: '`netplan generate`, then import what it wrote into /run/systemd/network or /run/NetworkManager/system-connections',
      },
    )
  }
  if (filesWith(/^[\t ]*\[Interface\][\t ]*\r?$/im).length > 0) {
    throw new WgqError(
      'E_IMPORT',
      'A profile of another program is expected, found a configuration of wg-quick',
      {
        hint: 'it needs no import: `wgq lint` says what is wrong with it, `wgq up` uses it',
      },
    )
  }
  const other = files.map(({ text }) => beginningOf(firstLine(text))).find((known) => known !== undefined)
  if (other !== undefined) {
    const message = `A profile of NetworkManager or networkd is expected, found ${other.name}`
    throw new WgqError('E_IMPORT', message, { hint: other.hint })
  }
  throw new WgqError(
    'E_IMPORT',
    'One NetworkManager keyfile, or one .netdev with its .network, is expected',
    {
      hint: 'call `wgq import` once for each tunnel',
    },
  )
}
