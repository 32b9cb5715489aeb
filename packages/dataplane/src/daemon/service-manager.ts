// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'

/**
 * sd_notify(3) READY=1, where a service manager asked for it (NOTIFY_SOCKET). Through systemd's own program: Node has no
 * Unix datagram sockets. Its failure is no reason to end.
 */
export const notifyReady = (env: NodeJS.ProcessEnv): void => {
  if (!env['NOTIFY_SOCKET']) return
  const child = spawn('systemd-notify', ['--ready', `--pid=${process.pid}`], { stdio: 'ignore' })
  child.on('error', () => undefined)
  child.unref()
}
