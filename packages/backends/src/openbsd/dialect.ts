// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'
import {
  type Argv,
  type Dialect,
  descriptionPrefix,
  familyFlag,
  familyWord,
  halves,
  type NameView,
  type RouteOp,
} from '../bsd/dialect.ts'
import { interfaceCommands } from '../bsd/interface-commands.ts'
import { createNumberedLink } from '../bsd/numbered-link.ts'

/** OpenBSD: interfaces are wgN and carry the configuration's name as description; routes by local address (§11). */
export const openbsdDialect: Dialect = {
  system: 'openbsd',

  create: (name, runner, echo) =>
    createNumberedLink(runner, echo, (real) => [
      'ifconfig',
      real,
      'create',
      'description',
      `${descriptionPrefix}${name}`,
    ]),

  commands: (op, names) =>
    op.do === 'route.add' || op.do === 'route.delete'
      ? routeCommands(op, names)
      : interfaceCommands(op, names.real, 'delete'),

  listRoutes: (family, table) => [
    ...['netstat', '-nr', '-f', familyWord(family)],
    ...(table === undefined ? [] : ['-T', table]),
  ],

  carries: (name, shown) => shown.description === `${descriptionPrefix}${name}`,
}

const routeCommands = (op: RouteOp, names: NameView): readonly Argv[] => {
  const { family } = op.dst
  const table = op.table === undefined ? [] : ['-T', String(op.table)]
  const words = ['route', '-q', '-n', ...table, op.do === 'route.add' ? 'add' : 'delete', familyFlag(family)]
  const where = op.do === 'route.add' ? ['-iface', localAddress(op.dev, family, names)] : []
  const destinations = op.table === undefined ? halves(formatCidr(op.dst)) : [formatCidr(op.dst)]
  return destinations.map((dst) => [...words, dst, ...where])
}

const localAddress = (dev: string, family: 4 | 6, names: NameView): string => {
  const address = names.firstAddress(dev, family)
  if (address !== undefined) return address
  throw new WgqError('E_NO_ADDRESS', `Local IPv${family} address must be set to have routes`, {
    hint: `Give the interface an IPv${family} Address, or set Table = off`,
  })
}
