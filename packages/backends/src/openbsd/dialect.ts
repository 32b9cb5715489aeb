// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import {
  type Argv,
  bareAddress,
  type Dialect,
  descriptionPrefix,
  familyFlag,
  familyWord,
  halves,
  type NameView,
} from '../bsd/dialect.ts'
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

  commands: (op, names) => {
    switch (op.do) {
      case 'link.delete':
        return [['ifconfig', names.real(op.name), 'destroy']]
      case 'address.add':
        return [['ifconfig', names.real(op.dev), familyWord(op.family), op.address, 'alias']]
      case 'address.delete':
        return [['ifconfig', names.real(op.dev), familyWord(op.family), bareAddress(op.address), 'delete']]
      case 'link.up':
        return [
          ['ifconfig', names.real(op.dev), 'mtu', op.mtu],
          ['ifconfig', names.real(op.dev), 'up'],
        ]
      case 'route.add':
      case 'route.delete':
        return routeCommands(op, names)
      default:
        return []
    }
  },

  listRoutes: (family, table) => [
    ...['netstat', '-nr', '-f', familyWord(family)],
    ...(table === undefined ? [] : ['-T', table]),
  ],

  carries: (name, shown) => shown.description === `${descriptionPrefix}${name}`,
}

const routeCommands = (
  op: Extract<Op, { do: 'route.add' | 'route.delete' }>,
  names: NameView,
): readonly Argv[] => {
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
