// SPDX-License-Identifier: MIT
import { closeSync, openSync } from 'node:fs'
import { startSession } from '@wgq/backends/own-process'
import { failureLine } from '@wgq/dataplane/daemon/failure'
import { type DaemonHandle, runDaemon } from '@wgq/dataplane/daemon/run'
import { notifyReady } from '@wgq/dataplane/daemon/service-manager'
import { readSettings } from '@wgq/dataplane/daemon/settings'
import { readyVariable } from '@wgq/uapi/ready'
import { compiledCodeWriter } from './compiled-code.ts'

/** A data plane in this process, which is still busy with `up`. */
export interface DataPlaneHere {
  /** 0, or 1 and why it could not be started. */
  readonly status: number
  readonly text: string
  /** Ends it and takes its interface away. */
  end(): void
  /** Whether it has ended by itself: somebody deleted the interface. */
  readonly hasEnded: boolean
  /**
   * Makes the process a daemon: in a session of its own, away from the caller's folder and standard streams, with only the
   * capabilities of a data plane. `announce` is called when nothing but system calls is left to give up.
   */
  stay(announce: () => void): void
}

/** Starts the data plane of interface `name` in this process, as `wgqd NAME` would in one of its own. */
export const serveHere = async (name: string, env: NodeJS.ProcessEnv): Promise<DataPlaneHere> => {
  let stays = false
  let hasEnded = false
  const ended = (status: number): void => {
    hasEnded = true
    if (stays) process.exit(status)
  }
  const writeCompiledCode = await compiledCodeWriter()
  let daemon: DaemonHandle
  try {
    // Of a daemon in the background, which logs to the system.
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
      // Nothing can be written any more once system calls are given up.
      writeCompiledCode()
      daemon.restrict(announce)
      setTimeout(forgetUp, forgetAfterMs).unref()
    },
  }
}

// --- internal ---

/** After whoever waits for the tunnel has begun to use it. */
const forgetAfterMs = 5000

/** Gives back what `up` took: its modules, and what they left to the garbage collector. A few milliseconds, once. */
const forgetUp = (): void => {
  const { cache } = process.getBuiltinModule('node:module').createRequire(import.meta.url)
  for (const [path, loaded] of Object.entries(cache)) {
    if (loaded) loaded.children = []
    delete cache[path]
  }
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
  process.getBuiltinModule('node:vm').runInNewContext('gc')()
}

/** Standard streams become /dev/null: the lowest free descriptor is the one that was just closed. */
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
