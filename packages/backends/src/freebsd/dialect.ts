// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import { type Argv, type Dialect, familyFlag, familyWord, halves, type RouteOp } from '../bsd/dialect.ts'
import { CommandError } from '../bsd/host-error.ts'
import { interfaceCommands } from '../bsd/interface-commands.ts'

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

  commands: (op) => {
    if (op.do === 'daemon.stop') return [['rm', '-f', `/var/run/wireguard/${op.name}.sock`]]
    if (op.do === 'route.add' || op.do === 'route.delete') return routeCommands(op)
    return interfaceCommands(op, (name) => name, '-alias')
  },

  listRoutes: (family, table) => [
    ...(table === undefined ? [] : ['setfib', table]),
    ...['netstat', '-nr', '-f', familyWord(family)],
  ],

  carries: (name, shown) => shown.name === name,
}

const routeCommands = (op: RouteOp): readonly Argv[] => {
  const family = familyFlag(op.dst.family)
  const where = op.do === 'route.add' ? ['-interface', op.dev] : []
  const words = ['route', '-q', '-n', op.do === 'route.add' ? 'add' : 'delete', family]
  if (op.table !== undefined) return [[...words, '-fib', String(op.table), formatCidr(op.dst), ...where]]
  return halves(formatCidr(op.dst)).map((dst) => [...words, dst, ...where])
}
