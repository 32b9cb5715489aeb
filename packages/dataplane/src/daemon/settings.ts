// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { TunOffload } from '@wgq/native/tun'
import { readyVariable } from '@wgq/uapi/ready'

/** How much is logged. */
export type LogLevel = 'silent' | 'error' | 'debug'

/** Settings of the daemon from the command line and the environment. */
export interface DaemonSettings {
  readonly name: string
  readonly foreground: boolean
  readonly logLevel: LogLevel
  /** Where log lines go. */
  readonly logTo: 'stderr' | 'syslog'
  readonly offload: TunOffload
  readonly udpSegmentation: boolean
  readonly udpCoalescing: boolean
  readonly receiveBufferBytes: number | undefined
  /** Number of packet threads; undefined: as many as are known to help. */
  readonly threads: number | undefined
  /** Whether to keep a port that the system chose even if a peer cannot be reached from it. */
  readonly keepPort: boolean
  /** Whether to give up unneeded system calls once everything is open. */
  readonly sandbox: boolean
  /** A file that gets the keys of every handshake (WGQ_KEYLOG). */
  readonly keyLogFile: string | undefined
  /** A TUN descriptor from another process (WG_TUN_FD). */
  readonly tunFd: number | undefined
  /** A listening configuration socket (WG_UAPI_FD). */
  readonly uapiFd: number | undefined
  /** A group whose members may read everything but keys (WGQ_SOCKET_GROUP). */
  readonly socketGroupId: number | undefined
  /** A file that gets the name of the interface once it exists (WG_TUN_NAME_FILE). */
  readonly nameFile: string | undefined
}

/** `wgqd --help`. */
export const usage = `Usage: wgqd [-f|--foreground] INTERFACE
       wgqd --version

Runs a WireGuard interface in userspace until it is deleted, its socket is removed or the daemon is ended.

Environment:
  LOG_LEVEL=verbose|debug|error|silent   what is logged (error); WGQ_LOG=debug|info|error|silent goes before it
  WGQ_LOG_TO=stderr|syslog               where it is logged: syslog in the background unless all is logged
  WG_PROCESS_FOREGROUND=1                as --foreground
  WG_TUN_FD, WG_UAPI_FD                  descriptors to use instead of opening a TUN or a socket
  WG_TUN_NAME_FILE                       file that gets the name of the interface
  WGQ_TUN_OFFLOAD=auto|tcp|0             how much segmentation the TUN takes over
  WGQ_UDP_GSO=auto|0, WGQ_UDP_GRO=auto|0 segmentation and coalescing of UDP
  WGQ_RCVBUF=BYTES                       receive buffer of the UDP sockets
  WGQ_THREADS=auto|2..64                 threads that carry packets; auto is 2, one for each direction
  WGQ_STICKY_PORT=1                      a port that the system chose stays, also when a peer cannot be reached from it
  WGQ_KEYLOG=FILE                        file that gets the keys of every handshake, for Wireshark (wg.keylog_file)
  WGQ_SOCKET_GROUP=GID                   a group whose members may read all but keys from the configuration socket
  WGQ_SANDBOX=0                          keep the system calls that are given up after the start
`

/** Reads arguments and environment. Raises `E_USAGE` for invalid ones. */
export const readSettings = (args: readonly string[], env: NodeJS.ProcessEnv): DaemonSettings => {
  let foreground = env['WG_PROCESS_FOREGROUND'] === '1'
  const names: string[] = []
  for (const arg of args) {
    if (arg === '-f' || arg === '--foreground') foreground = true
    // As in wireguard-go, a name may start with one dash.
    else if (arg.startsWith('--')) throw usageError(`unknown option ${arg}`)
    else names.push(arg)
  }
  const [name] = names
  if (name === undefined || names.length !== 1) throw usageError('one interface name is expected')
  // The kernel allows more, but the name is also a file name and an argument of `wg`.
  if (!/^[a-zA-Z0-9_=+.-]{1,15}$/.test(name) || name === '.' || name === '..')
    throw usageError(`an interface name has 1 to 15 of a-z A-Z 0-9 _ = + . -, found ${JSON.stringify(name)}`)
  return {
    name,
    foreground,
    logLevel: logLevel(env),
    logTo: logTo(env),
    offload: offload(env['WGQ_TUN_OFFLOAD']),
    udpSegmentation: enabled('WGQ_UDP_GSO', env),
    udpCoalescing: enabled('WGQ_UDP_GRO', env),
    receiveBufferBytes: descriptor('WGQ_RCVBUF', env),
    threads: threads(env['WGQ_THREADS']),
    keepPort: env['WGQ_STICKY_PORT'] === '1',
    sandbox: enabled('WGQ_SANDBOX', env),
    keyLogFile: env['WGQ_KEYLOG'] || undefined,
    tunFd: descriptor('WG_TUN_FD', env),
    uapiFd: descriptor('WG_UAPI_FD', env),
    socketGroupId: descriptor('WGQ_SOCKET_GROUP', env),
    nameFile: env['WG_TUN_NAME_FILE'] || undefined,
  }
}

// --- internal ---

const usageError = (found: string): WgqError =>
  new WgqError('E_USAGE', found, { hint: 'Usage: wgqd [-f|--foreground] INTERFACE' })

const logLevel = (env: NodeJS.ProcessEnv): LogLevel => {
  const own = env['WGQ_LOG']
  if (own && !['debug', 'info', 'error', 'silent'].includes(own))
    throw usageError(`WGQ_LOG must be debug, info, error or silent, found ${JSON.stringify(own)}`)
  // wireguard-go treats unknown values as `error`.
  const wanted = own || env['LOG_LEVEL']
  if (wanted === 'silent') return 'silent'
  return wanted === 'debug' || wanted === 'verbose' ? 'debug' : 'error'
}

/** A background daemon has no standard error, except at log level debug. */
const logTo = (env: NodeJS.ProcessEnv): 'stderr' | 'syslog' => {
  const wanted = env['WGQ_LOG_TO']
  if (wanted === 'stderr' || wanted === 'syslog') return wanted
  return env[readyVariable] !== undefined && logLevel(env) !== 'debug' ? 'syslog' : 'stderr'
}

const offload = (wanted: string | undefined): TunOffload => {
  if (!wanted || wanted === 'auto') return 'auto'
  if (wanted === '0' || wanted === 'off') return 'off'
  if (wanted === 'tcp') return 'tcp'
  throw usageError(`WGQ_TUN_OFFLOAD must be auto, tcp or 0, found ${JSON.stringify(wanted)}`)
}

const enabled = (variable: string, env: NodeJS.ProcessEnv): boolean => {
  const wanted = env[variable]
  if (wanted === '0') return false
  if (!wanted || wanted === '1' || wanted === 'auto') return true
  throw usageError(`${variable} must be auto or 0, found ${JSON.stringify(wanted)}`)
}

const threads = (wanted: string | undefined): number | undefined => {
  if (!wanted || wanted === 'auto') return undefined
  const count = Number(wanted)
  if (/^[0-9]{1,2}$/.test(wanted) && count >= 2 && count <= 64) return count
  throw usageError(`WGQ_THREADS must be auto or a number from 2 to 64, found ${JSON.stringify(wanted)}`)
}

const descriptor = (variable: string, env: NodeJS.ProcessEnv): number | undefined => {
  const text = env[variable]
  if (!text) return undefined
  if (!/^[0-9]{1,9}$/.test(text))
    throw usageError(`${variable} must be a number, found ${JSON.stringify(text)}`)
  return Number(text)
}
