// SPDX-License-Identifier: MIT
import { closeSync } from 'node:fs'
import { openNetlinkSocket } from '@wgq/native/raw-socket'
import { capability, confineSystemCalls, interfaceIndex, keepCapabilities } from '@wgq/native/system'
import { attachTun, netnsOfTun, openTun } from '@wgq/native/tun'
import { defaultMtu } from '../../constants.ts'
import { clearMulticast, setMtu, setQueueLength, tunName } from '../interface-request.ts'
import { LinkWatch } from '../link-watch.ts'
import { stopAddressGeneration, stopRedirects } from '../quiet-link.ts'
import { RouteMtuWatch } from '../route-mtu-watch.ts'
import { SourceWatch } from '../source-watch.ts'
import type { DaemonSystem } from './daemon-system.ts'

/** Packets that the stack may queue for us: 500, the default of a TUN, is too short for bursts. */
const queueLength = 1000
const errnoBadFd = 77
const errnoNoDevice = 19

/** Linux: netlink, capabilities, seccomp. */
export const linuxDaemonSystem: DaemonSystem = {
  goneErrnos: new Set([errnoBadFd, errnoNoDevice]),

  openTun: ({ name, offload, tunFd }) =>
    tunFd === undefined ? openTun({ name, offload }) : attachTun(tunFd, offload),

  dropPrivileges: (settings, log, which) => {
    const { chown, netAdmin, netBindService, netBroadcast, sysAdmin } = capability
    // For fwmark, buffers and the link; ports below 1024; notifications of a link that moved to another namespace. A
    // TUN that was handed to us may be in another namespace already: entering that needs more.
    // The group of the socket is set once the socket exists.
    const socket = which && settings.socketGroupId !== undefined ? [chown] : []
    const tun = settings.tunFd === undefined ? [] : [sysAdmin]
    const kept = [netAdmin, netBindService, netBroadcast, ...tun, ...socket]
    try {
      keepCapabilities(kept)
    } catch (error) {
      log.notice(`Privileges were kept: ${(error as Error).message}`)
    }
  },

  confine: (settings, log) => {
    if (!settings.sandbox) return
    try {
      confineSystemCalls({ mayEnterNamespaces: settings.tunFd !== undefined })
    } catch (error) {
      log.notice(`System calls were not confined: ${(error as Error).message}`)
    }
  },

  prepareLink: (name, log) => {
    for (const [what, act] of [
      ['MTU', () => setMtu(name, defaultMtu)],
      ['queue length', () => setQueueLength(name, queueLength)],
      ['multicast', () => clearMulticast(name)],
      ['generation of addresses', () => stopAddressGeneration(openNetlinkSocket, interfaceIndex(name) ?? 0)],
      ['ICMP redirects', () => stopRedirects(name)],
    ] as const) {
      try {
        act()
      } catch (error) {
        // The interface was created beforehand for an unprivileged user, or is in another namespace.
        log.debug(() => `The ${what} of ${name} was left as it is: ${(error as Error).message}`)
      }
    }
  },

  watchLink: ({ fd }, events) =>
    new LinkWatch({
      openSocket: openNetlinkSocket,
      currentName: () => tunName(fd),
      tunFd: fd,
      withNetns: (act) => {
        const netns = netnsOfTun(fd)
        try {
          return act(netns)
        } finally {
          closeSync(netns)
        }
      },
      ...events,
    }),

  watchSources: (onChange, ownIndex) => new SourceWatch(openNetlinkSocket, onChange, ownIndex),

  watchRouteMtus: (link, onChange) => new RouteMtuWatch(openNetlinkSocket, link, onChange),
}
