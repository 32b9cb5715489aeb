// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { IfName, Op } from '@wgq/model/operation'
import type { CommandRunner } from './command-runner.ts'

/** The words of one command, as passed to the system. */
export type Argv = readonly string[]

/** What a dialect may look up about an interface while it builds commands. */
export interface NameView {
  /** The system's own name: `wg0` for a configuration named `office` where interfaces cannot be renamed. */
  readonly real: (name: IfName) => string
  /** The first address of a family that was given to the interface, without its length. */
  readonly firstAddress: (name: IfName, family: Family) => string | undefined
}

/** An operation on a route. */
export type RouteOp = Extract<Op, { do: 'route.add' | 'route.delete' }>

/** The differences between the BSDs in changing a host: the commands for an operation. */
export interface Dialect {
  readonly system: 'freebsd' | 'openbsd' | 'netbsd'
  /**
   * Creates an interface and returns its real name. `echo` gets each command before it runs. Raises `E_HOST` with the
   * command's own text.
   */
  create(name: IfName, runner: CommandRunner, echo: (argv: Argv) => void): Promise<string>
  /**
   * The commands for an operation on links, addresses and routes; empty if the system lacks the feature. Raises
   * `E_NO_ADDRESS` if a route needs an address of the interface and there is none.
   */
  commands(op: Op, names: NameView): readonly Argv[]
  /** Lists the routes of a family, of one table where a table is given. */
  listRoutes(family: Family, table: string | undefined): Argv
  /** Returns whether an interface belongs to the configuration of this name. */
  carries(name: IfName, shown: { readonly name: string; readonly description?: string }): boolean
}

/** Prefix of a configuration's name in the description of its interface (spec wg-quick §11). */
export const descriptionPrefix = 'wg-quick: '

/** `-inet` or `-inet6`. */
export const familyFlag = (family: Family): string => (family === 4 ? '-inet' : '-inet6')

/** `inet` or `inet6`. */
export const familyWord = (family: Family): string => (family === 4 ? 'inet' : 'inet6')

/** An address of an `Address` line without its prefix length. */
export const bareAddress = (address: string): string => address.replace(/\/.*$/, '')

/**
 * Splits a default route into its two halves, which win over the system's own default route without replacing it;
 * returns any other destination unchanged.
 */
export const halves = (dst: string): readonly string[] => {
  if (dst === '0.0.0.0/0') return ['0.0.0.0/1', '128.0.0.0/1']
  if (dst === '::/0') return ['::/1', '8000::/1']
  return [dst]
}
