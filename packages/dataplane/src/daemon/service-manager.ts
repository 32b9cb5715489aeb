// SPDX-License-Identifier: MIT
import { notifyServiceManager } from '@wgq/native/system'

/** Sends sd_notify(3) READY=1 if a service manager requested it (NOTIFY_SOCKET). */
export const notifyReady = (env: NodeJS.ProcessEnv): void => notify(env, 'READY=1')

/** Sends sd_notify(3) STOPPING=1. */
export const notifyStopping = (env: NodeJS.ProcessEnv): void => notify(env, 'STOPPING=1')

/** Sends from this process, the only one that the manager trusts. Failure is no reason to end. */
const notify = (env: NodeJS.ProcessEnv, text: string): void => {
  const path = env['NOTIFY_SOCKET']
  if (!path) return
  try {
    notifyServiceManager(path, text)
  } catch {
    // No listener, or the addon is missing.
  }
}
