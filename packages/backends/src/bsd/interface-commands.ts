// SPDX-License-Identifier: MIT
import type { IfName, Op } from '@wgq/model/operation'
import { type Argv, bareAddress, familyWord } from './dialect.ts'

/**
 * The ifconfig(8) commands for an operation on a link or an address, the same on all BSDs but for the word that removes
 * an address; empty for any other operation. `real` gives the system's own name of an interface.
 */
export const interfaceCommands = (
  op: Op,
  real: (name: IfName) => string,
  removal: '-alias' | 'delete',
): readonly Argv[] => {
  switch (op.do) {
    case 'link.delete':
      return [['ifconfig', real(op.name), 'destroy']]
    case 'address.add':
      return [['ifconfig', real(op.dev), familyWord(op.family), op.address, 'alias']]
    case 'address.delete':
      return [['ifconfig', real(op.dev), familyWord(op.family), bareAddress(op.address), removal]]
    case 'link.down':
      return [['ifconfig', real(op.dev), 'down']]
    case 'link.up':
      return [
        ['ifconfig', real(op.dev), 'mtu', op.mtu],
        ['ifconfig', real(op.dev), 'up'],
      ]
    default:
      return []
  }
}
