// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Device } from '@wgq/model/device'
import { errnoText } from '@wgq/model/errno'
import type { Link } from '@wgq/model/host'
import { daemonBehind } from '@wgq/uapi/daemon-behind'
import type { Finding } from './finding.ts'

/** Where to look for sockets; tests use their own directories. */
interface SocketPlaces {
  readonly proc: string
  readonly sockets: string
}

const system: SocketPlaces = { proc: '/proc', sockets: '/var/run/wireguard' }

/**
 * Checks that an interface that is up has a UDP socket (`ss -ulpn`); otherwise no packet reaches it. A daemon whose
 * port is in use may silently have none. Reports nothing if sockets cannot be listed or if the daemon is in another
 * network namespace.
 */
export const checkListening = (device: Device, link: Link, places: SocketPlaces = system): Finding[] => {
  if (!link.up) return []
  const problem = (message: string, hint: string): Finding[] => [
    { check: 'listen', status: 'problem', message, hint },
  ]
  const again = `End what uses the port or choose another ListenPort, then: wgq down ${device.name} && wgq up ${device.name}`
  if (device.listenError !== undefined)
    return problem(`${device.name} does not listen: ${errnoText(device.listenError)}`, again)
  if (device.listenPort === 0)
    return device.privateKey || device.publicKey
      ? problem(`${device.name} is up but does not listen on any UDP port`, again)
      : []
  const bound = socketsOn(device.listenPort, places.proc)
  if (bound === undefined) return []
  const missing = `nothing listens on UDP port ${device.listenPort}, although ${device.name} says so`
  if (bound.size === 0) return problem(missing, again)
  const daemon =
    link.kind === 'wireguard' ? undefined : daemonBehind(`${places.sockets}/${device.name}.sock`, places.proc)
  const held = daemon && socketsOf(daemon.pid, places.proc)
  if (!daemon || !held || [...bound].some((inode) => held.has(inode))) return []
  return problem(
    `UDP port ${device.listenPort} belongs to another program, not to ${daemon.name} (process ${daemon.pid}): ${device.name} does not listen`,
    again,
  )
}

/** The inodes of UDP sockets on a port in this network namespace; undefined if there is no such list. */
const socketsOn = (port: number, proc: string): ReadonlySet<string> | undefined => {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const found = new Set<string>()
  let read = false
  for (const file of ['udp', 'udp6']) {
    try {
      for (const line of readFileSync(`${proc}/net/${file}`, 'latin1').split('\n').slice(1)) {
        const fields = line.trim().split(/\s+/)
        if (fields[1]?.endsWith(`:${wanted}`)) found.add(fields[9] as string)
      }
      read = true
    } catch {
      // A kernel without one of the address families has no file for it.
    }
  }
  return read ? found : undefined
}

const socketsOf = (pid: number, proc: string): ReadonlySet<string> | undefined => {
  try {
    const folder = `${proc}/${pid}/fd`
    return new Set(
      readdirSync(folder).flatMap((fd) => /^socket:\[([0-9]+)\]$/.exec(target(`${folder}/${fd}`))?.[1] ?? []),
    )
  } catch {
    return undefined
  }
}

const target = (path: string): string => {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
