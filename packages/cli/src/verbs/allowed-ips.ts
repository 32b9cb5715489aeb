// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { formatCidr, parseCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'
import { subtractPrefixes } from '@wgq/model/prefix-set'
import type { Handler } from '../command.ts'
import { jsonText } from '../json-text.ts'
import { localNetworks } from '../local-networks.ts'
import { parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'

/**
 * wgq allowed-ips PREFIXES… [--except PREFIXES]: prints the shortest prefix list as a value for AllowedIPs. Raises
 * `E_CIDR`.
 */
export const run: Handler = async (invocation) => {
  const { operands, flags, values } = await parseArguments(invocation)
  const rest = subtractPrefixes(
    operands.flatMap((text) => readList(text)),
    (values.get('except') ?? []).flatMap((text) => readList(text, localNetworks)),
  ).map(formatCidr)
  if (flags.has('json')) writeOut(`${jsonText(rest, 0)}\n`)
  else if (rest.length > 0) writeOut(`${rest.join(flags.has('lines') ? '\n' : ', ')}\n`)
  return 0
}

const readList = (text: string, lan?: () => Cidr[]): Cidr[] =>
  text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .flatMap((word) => {
      if (word === 'lan' && lan) return lan()
      const cidr = parseCidr(word)
      if (cidr) return [cidr]
      throw new WgqError('E_CIDR', `A prefix is ADDRESS[/LENGTH], found ${JSON.stringify(word)}`, {
        hint: 'for example 10.0.0.0/8, 2001:db8::/32 or 192.0.2.1',
      })
    })
