// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'

/**
 * The operation that takes another one back; undefined where nothing has to be (or nothing can be: a hook). An interface
 * that a daemon made goes the same way as one of the kernel: the daemon ends when its TUN is deleted.
 */
export const inverse = (op: Op): Op | undefined => {
  switch (op.do) {
    case 'link.add':
    case 'daemon.start':
      return { do: 'link.delete', name: op.name }
    case 'address.add':
      return { do: 'address.delete', dev: op.dev, family: op.family, address: op.address }
    case 'route.add':
      return { ...op, do: 'route.delete' }
    case 'rule.add':
      return { do: 'rule.delete', rule: op.rule }
    case 'sysctl.set':
      return op.previous === undefined
        ? undefined
        : { do: 'sysctl.set', key: op.key, value: op.previous, previous: op.value }
    case 'dns.set':
      return { do: 'dns.unset', dev: op.dev, manager: op.manager }
    case 'killswitch.on':
      return { do: 'killswitch.off', dev: op.dev }
    case 'firewall.load':
      return { do: 'firewall.unload', tool: op.tool, text: '' }
    default:
      return undefined
  }
}
