// SPDX-License-Identifier: MIT
import { readConfigFile } from '@wgq/config/config-file'
import { WgqError } from '@wgq/model/error'
import type { Handler } from '../command.ts'
import { readNetworkManager } from '../exchange/network-manager.ts'
import { readNetworkd } from '../exchange/networkd.ts'
import { printTunnel } from '../exchange/tunnel.ts'
import { parseArguments } from '../options.ts'
import { writeErr, writeOut } from '../output.ts'

/** wgq import FILE…: prints a configuration file; what is lost is said on stderr. Raises `E_IMPORT`. */
export const run: Handler = async (invocation) => {
  const { operands } = await parseArguments(invocation)
  const texts = operands.map((path) => readConfigFile(path).text)
  const textsWith = (section: RegExp): string[] => texts.filter((text) => section.test(text))
  const netdevs = textsWith(/^\s*\[NetDev\]/m)
  const networks = textsWith(/^\s*\[Match\]/m)
  const keyfiles = textsWith(/^\s*\[connection\]/m)
  const fits =
    (keyfiles.length === 1 && texts.length === 1) ||
    (netdevs.length === 1 && networks.length <= 1 && texts.length === 1 + networks.length)
  if (!fits) {
    throw new WgqError(
      'E_IMPORT',
      'One NetworkManager keyfile, or one .netdev with its .network, is expected',
      {
        hint: 'call `wgq import` once for each tunnel',
      },
    )
  }
  const { result, lost } =
    keyfiles[0] === undefined
      ? readNetworkd(netdevs[0] ?? '', networks[0] ?? '')
      : await readNetworkManager(keyfiles[0])
  for (const line of lost) writeErr(`wgq: lost: ${line}\n`)
  writeOut(printTunnel(result))
  return 0
}
