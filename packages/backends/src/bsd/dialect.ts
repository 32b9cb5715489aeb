// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { IfName, Op } from '@wgq/model/operation'
import type { CommandRunner } from './command-runner.ts'

/** The words of one command, as given to the system. */
export type Argv = readonly string[]

/** What a dialect may ask about an interface while it spells. */
export interface NameView {
  /** The system's own name: `wg0` for a configuration named `office` where interfaces cannot be renamed. */
  readonly real: (name: IfName) => string
  /** The first address of a family that was given to the interface, without its length. */
  readonly firstAddress: (name: IfName, family: Family) => string | undefined
}

/** An operation on a route. */
export type RouteOp = Extract<Op, { do: 'route.add' | 'route.delete' }>

/** In what the BSDs differ when a host is changed: the commands for an operation. */
export interface Dialect {
  readonly system: 'freebsd' | 'openbsd' | 'netbsd'
  /**
   * Makes an interface and gives its real name. `echo` gets each command before it runs. Raises `E_HOST` with the
   * command's own text.
   */
  create(name: IfName, runner: CommandRunner, echo: (argv: Argv) => void): Promise<string>
  /**
   * The commands for an operation on links, addresses and routes; none for what the system does not have. Raises
   * `E_NO_ADDRESS` where a route needs an address of the interface and there is none.
   */
  commands(op: Op, names: NameView): readonly Argv[]
  /** Lists the routes of a family, of one table where a table is given. */
  listRoutes(family: Family, table: string | undefined): Argv
  /** Says whether an interface is the one that a configuration's name means. */
  carries(name: IfName, shown: { readonly name: string; readonly description?: string }): boolean
}

/** What is before a configuration's name in the description of its interface (spec wg-quick §11). */
export const descriptionPrefix = 'wg-quick: '

/** `-inet` or `-inet6`. */
export const familyFlag = (family: Family): string => (family === 4 ? '-inet' : '-inet6')

/** `inet` or `inet6`. */
export const familyWord = (family: Family): string => (family === 4 ? 'inet' : 'inet6')

/** An address of an `Address` line without its prefix length. */
export const bareAddress = (address: string): string => address.replace(/\/.*$/, '')

/**
 * A default route as its two halves, which win over the system's own default route without replacing it; every other
 * destination as it is.
 */
export const halves = (dst: string): readonly string[] => {
  if (dst === '0.0.0.0/0') return ['0.0.0.0/1', '128.0.0.0/1']
  if (dst === '::/0') return ['::/1', '8000::/1']
  return [dst]
}
