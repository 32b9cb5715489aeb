// SPDX-License-Identifier: MIT
import { networkInterfaces } from 'node:os'
import { dirname } from 'node:path'
import { pledge, unveil } from '@wgq/native/bsd/confinement'
import type { BsdPlatform } from '@wgq/native/bsd/machine'
import { amd64, machineOf } from '@wgq/native/bsd/machine'
import { openRouteSocket } from '@wgq/native/bsd/route-socket'
import { openBsdTun } from '@wgq/native/bsd/tun'
import { tunLayoutOf } from '@wgq/native/bsd/tun-layout'
import { chooseSource, ioctl } from '@wgq/native/system'
import { defaultMtu } from '../../constants.ts'
import type { DaemonLog } from '../log.ts'
import { BsdLinkWatch, readLinkState } from './bsd-link-watch.ts'
import { BsdSourceWatch } from './bsd-source-watch.ts'
import type { DaemonSystem } from './daemon-system.ts'

/** Folder of the configuration sockets. */
const socketFolder = '/var/run/wireguard'
/** Permitted by pledge(2): both kinds of sockets, the routing table of a socket, V8's code, the socket's file. */
const promises = 'stdio rpath wpath cpath inet unix route wroute prot_exec'

/** FreeBSD, OpenBSD, NetBSD: tun(4), routing sockets, unveil(2). */
export const bsdDaemonSystem = (platform = process.platform as BsdPlatform): DaemonSystem => {
  const machine = machineOf(platform) ?? amd64(platform)
  const layout = tunLayoutOf(platform, machine)
  return {
    goneErrnos: new Set(['EIO', 'ENXIO', 'ENODEV', 'EBADF'].map((name) => machine.fact(name))),

    openTun: ({ name, tunFd }) => {
      if (tunFd !== undefined)
        return { fd: tunFd, name, vnetHeader: false, familyWord: true, udpSegmentation: false }
      const { destroy, ...tun } = openBsdTun(platform, name, defaultMtu)
      return { ...tun, vnetHeader: false, familyWord: true, udpSegmentation: false, destroy }
    },

    // There are no capabilities: root stays root, for FwMark and for ports below 1024.
    dropPrivileges: () => {},

    confine: (settings, log) => {
      if (settings.sandbox && platform === 'openbsd') confine(log)
    },

    // Opening sets the MTU; a tun(4) has no queue length to set.
    prepareLink: () => {},

    watchLink: ({ name }, events) =>
      new BsdLinkWatch({
        openSocket: openRouteSocket,
        readState: () =>
          readLinkState(name, layout, (request, buffer) => ioctl({ family: 2 }, request, buffer)),
        ...events,
      }),

    watchSources: (onChange) =>
      new BsdSourceWatch(
        { openSocket: openRouteSocket, chooseSource, interfaces: networkInterfaces, machine },
        onChange,
      ),
  }
}

/**
 * Hides all files except the program's own, the sockets' folder and those that the C library reads itself. With
 * WGQ_PLEDGE=1 also calls pledge(2): not by default, because that was never run on a booted OpenBSD.
 */
const confine = (log: DaemonLog): void => {
  try {
    unveil(dirname(process.argv[1] ?? process.execPath), 'r')
    unveil('/dev/null', 'rw')
    unveil('/etc', 'r')
    unveil(socketFolder, 'rwc')
    unveil()
    if (process.env['WGQ_PLEDGE'] === '1') pledge(promises)
  } catch (error) {
    log.notice(`Files were not hidden: ${(error as Error).message}`)
  }
}
