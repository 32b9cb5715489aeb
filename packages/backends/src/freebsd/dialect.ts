// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Op } from '@wgq/model/operation'
import { type Argv, bareAddress, type Dialect, familyFlag, familyWord, halves } from '../bsd/dialect.ts'
import { CommandError } from '../bsd/host-error.ts'

/** FreeBSD: any name, FIBs, routes by interface (spec wg-quick §10). */
export const freebsdDialect: Dialect = {
  system: 'freebsd',

  create: async (name, runner, echo) => {
    const argv = ['ifconfig', 'wg', 'create', 'name', name]
    echo(argv)
    const result = await runner.run(argv)
    if (result.status !== 0) throw new CommandError(argv, result, 0)
    return name
  },

  commands: (op: Op): readonly Argv[] => {
    switch (op.do) {
      case 'link.delete':
        return [['ifconfig', op.name, 'destroy']]
      case 'daemon.stop':
        return [['rm', '-f', `/var/run/wireguard/${op.name}.sock`]]
      case 'address.add':
        return [['ifconfig', op.dev, familyWord(op.family), op.address, 'alias']]
      case 'address.delete':
        return [['ifconfig', op.dev, familyWord(op.family), bareAddress(op.address), '-alias']]
      case 'link.up':
        return [
          ['ifconfig', op.dev, 'mtu', op.mtu],
          ['ifconfig', op.dev, 'up'],
        ]
      case 'route.add':
      case 'route.delete':
        return routeCommands(op)
      default:
        return []
    }
  },

  listRoutes: (family, table) => [
    ...(table === undefined ? [] : ['setfib', table]),
    ...['netstat', '-nr', '-f', familyWord(family)],
  ],

  carries: (name, shown) => shown.name === name,
}

const routeCommands = (op: Extract<Op, { do: 'route.add' | 'route.delete' }>): readonly Argv[] => {
  const family = familyFlag(op.dst.family)
  const where = op.do === 'route.add' ? ['-interface', op.dev] : []
  const words = ['route', '-q', '-n', op.do === 'route.add' ? 'add' : 'delete', family]
  if (op.table !== undefined) return [[...words, '-fib', String(op.table), formatCidr(op.dst), ...where]]
  return halves(formatCidr(op.dst)).map((dst) => [...words, dst, ...where])
}
