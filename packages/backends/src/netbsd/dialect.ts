// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
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
import { CommandError } from '../bsd/host-error.ts'
import { interfaceCommands } from '../bsd/interface-commands.ts'
import { createNumberedLink } from '../bsd/numbered-link.ts'

const isOwnName = (name: string): boolean => /^wg[0-9]+$/.test(name)

/**
 * NetBSD, for which there is no upstream: a configuration named wgN uses that interface, any other the first free one,
 * with the name as its description. Routes name the interface, as the driver's author does (spec bsd §5.3).
 */
export const netbsdDialect: Dialect = {
  system: 'netbsd',

  create: async (name, runner, echo) => {
    const perform = async (argv: Argv): Promise<void> => {
      echo(argv)
      const result = await runner.run(argv)
      if (result.status !== 0) throw new CommandError(argv, result, 0)
    }
    if (isOwnName(name)) {
      await perform(['ifconfig', name, 'create'])
      return name
    }
    const real = await createNumberedLink(runner, echo, (free) => ['ifconfig', free, 'create'])
    try {
      await perform(['ifconfig', real, 'description', `${descriptionPrefix}${name}`])
    } catch (error) {
      // Nothing would find an interface without its name again.
      await perform(['ifconfig', real, 'destroy'])
      throw error
    }
    return real
  },

  commands: (op, names) =>
    op.do === 'route.add' || op.do === 'route.delete'
      ? routeCommands(op, names)
      : interfaceCommands(op, names.real, '-alias'),

  listRoutes: (family) => ['netstat', '-nr', '-f', familyWord(family)],

  carries: (name, shown) =>
    isOwnName(name) ? shown.name === name : shown.description === `${descriptionPrefix}${name}`,
}

/** There is one routing table; `Table` other than off and auto is left to route(8), which has no option for it. */
const routeCommands = (op: RouteOp, names: NameView): readonly Argv[] =>
  halves(formatCidr(op.dst)).map((dst) => [
    ...['route', '-q', '-n', op.do === 'route.add' ? 'add' : 'delete', familyFlag(op.dst.family), dst],
    ...(op.do === 'route.add' ? ['-link', names.real(op.dev), '-iface'] : []),
  ])
