// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'

/** sd_notify(3) READY=1, where a service manager asked for it (NOTIFY_SOCKET). */
export const notifyReady = (env: NodeJS.ProcessEnv): void => notify(env, ['--ready', `--pid=${process.pid}`])

/** sd_notify(3) STOPPING=1. */
export const notifyStopping = (env: NodeJS.ProcessEnv): void => notify(env, ['STOPPING=1'])

/** Through systemd's own program: Node has no Unix datagram sockets. Its failure is no reason to end. */
const notify = (env: NodeJS.ProcessEnv, words: readonly string[]): void => {
  if (!env['NOTIFY_SOCKET']) return
  const child = spawn('systemd-notify', words, { stdio: 'ignore', env })
  child.on('error', () => undefined)
  child.unref()
}
