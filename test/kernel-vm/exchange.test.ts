// SPDX-License-Identifier: MIT
// What `wgq export` writes, loaded by the real systemd-networkd and NetworkManager on a kernel with the driver.
import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { batchInKernelVm, whyNoKernelVm } from '../support/kernel-vm.ts'
import { unpackedNetworkManager } from '../support/neighbour.ts'
import { exchangeCases } from './exchange-cases.ts'

const { root, why } = unpackedNetworkManager()
const reason =
  whyNoKernelVm() ??
  why ??
  (existsSync('/lib/systemd/systemd-networkd') ? undefined : 'systemd-networkd is not installed')
if (reason) console.log(`skipped: ${reason}`)

interface Outcome {
  readonly name: string
  readonly program: string
  readonly lines: string[]
  readonly said: string
}

const others = ['networkd', 'NetworkManager']

describe.skipIf(reason)('a tunnel that another program brings up from our export', () => {
  let outcomes: Outcome[] = []
  beforeAll(() => {
    outcomes = batchInKernelVm('kernel-exchange', 1100, root)
  })
  const of = (name: string, program: string): Outcome => {
    const found = outcomes.find((one) => one.name === name && one.program === program)
    if (found === undefined) throw new Error(`${name}, ${program}: no outcome`)
    return found
  }
  /** The order of allowed IPs says nothing. */
  const ordered = (line: string): string =>
    line.replace(/^(conf AllowedIPs = )(.*)/, (_, key, list) => key + list.split(', ').sort().join(', '))
  const about = ({ lines }: Outcome, ...words: string[]): string[] =>
    lines
      .map(ordered)
      .filter((line) => words.some((word) => line.startsWith(`${word} `)))
      .sort()

  describe.each(exchangeCases)('$name', ({ name, differs }) => {
    test.each(others)(
      '%s: keys, peers, addresses, routes and the way that packets take are those of wgq up',
      (program) => {
        const [theirs, ours] = [of(name, program), of(name, 'wgq')]
        expect(about(ours, 'way').length, ours.said).toBeGreaterThan(0)
        const words = ['conf', 'address', 'mtu', 'route', 'way']
        const { without = [], instead = [] } = differs?.[program] ?? {}
        const expected = [
          ...about(ours, ...words).filter((line) => !without.includes(line)),
          ...instead,
        ].sort()
        expect(about(theirs, ...words), theirs.said).toEqual(expected)
      },
    )
  })

  describe.each(exchangeCases.filter(({ conf }) => conf.includes('DNS')))('$name', ({ name }) => {
    test.each(others)('%s: it asks the same name servers', (program) => {
      const servers = (outcome: Outcome) =>
        about(outcome, 'dns')
          .flatMap((line) => line.split(' ').slice(1).filter(Boolean))
          .sort()
      expect(servers(of(name, program))).toEqual(servers(of(name, 'wgq')))
    })
  })
})
