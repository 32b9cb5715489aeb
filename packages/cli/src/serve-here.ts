// SPDX-License-Identifier: MIT
import { closeSync, openSync } from 'node:fs'
import { startSession } from '@wgq/backends/own-process'
import { failureLine } from '@wgq/dataplane/daemon/failure'
import { type DaemonHandle, runDaemon } from '@wgq/dataplane/daemon/run'
import { notifyReady } from '@wgq/dataplane/daemon/service-manager'
import { readSettings } from '@wgq/dataplane/daemon/settings'
import { readyVariable } from '@wgq/uapi/ready'

/** A data plane in this process, which is still running `up`. */
export interface DataPlaneHere {
  /** 0, or 1 if it could not be started; then `text` is the reason. */
  readonly status: number
  readonly text: string
  /** Ends the data plane and removes its interface. */
  end(): void
  /** Whether the data plane has ended by itself because its interface was deleted. */
  readonly hasEnded: boolean
  /**
   * Turns the process into a daemon: with its own session, detached from the caller's directory and standard streams,
   * and with only the capabilities of a data plane. Calls `announce` when only system calls remain to be restricted.
   */
  stay(announce: () => void): void
}

/**
 * Starts the data plane of interface `name` in this process, as `wgqd NAME` would in a separate one.
 * `writeCompiledCode` is called while files can still be written.
 */
export const serveHere = async (
  name: string,
  env: NodeJS.ProcessEnv,
  writeCompiledCode?: () => void,
): Promise<DataPlaneHere> => {
  let stays = false
  let hasEnded = false
  const ended = (status: number): void => {
    hasEnded = true
    if (stays) process.exit(status)
  }
  let daemon: DaemonHandle
  try {
    // Settings of a background daemon, which logs to the system log.
    const settings = readSettings([name], { ...env, WG_PROCESS_FOREGROUND: '1', [readyVariable]: '' })
    daemon = await runDaemon(settings, ended, 'later')
  } catch (error) {
    return { status: 1, text: failureLine(error), end: () => {}, hasEnded: true, stay: () => {} }
  }
  return {
    status: 0,
    text: '',
    end: () => daemon.end(0),
    get hasEnded() {
      return hasEnded
    },
    stay: (announce) => {
      stays = true
      process.on('uncaughtException', () => daemon.end(1))
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
        process.removeAllListeners(signal).on(signal, () => daemon.end(0))
      startSession()
      process.chdir('/')
      leaveStreams()
      process.title = `wgqd ${daemon.name}`
      notifyReady(env)
      // Files cannot be written any more once system calls are restricted.
      writeCompiledCode?.()
      daemon.restrict(announce)
      setTimeout(forgetUp, forgetAfterMs).unref()
    },
  }
}

// --- internal ---

/** Wait until programs that waited for the tunnel have begun to use it. */
const forgetAfterMs = 5000

/** Frees the memory of `up`: its modules and their garbage. Takes a few milliseconds, once. */
const forgetUp = (): void => {
  const { cache } = process.getBuiltinModule('node:module').createRequire(import.meta.url)
  for (const [path, loaded] of Object.entries(cache)) {
    if (loaded) loaded.children = []
    delete cache[path]
  }
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
  process.getBuiltinModule('node:vm').runInNewContext('gc')()
}

/** Redirects the standard streams to /dev/null: open() returns the lowest free descriptor, which was just closed. */
const leaveStreams = (): void => {
  for (const fd of [0, 1, 2]) {
    try {
      closeSync(fd)
    } catch {
      // The caller had closed it.
    }
    openSync('/dev/null', fd === 0 ? 'r' : 'w')
  }
}
