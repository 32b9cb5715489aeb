// SPDX-License-Identifier: MIT
import { notifyServiceManager } from '@wgq/native/system'

/** sd_notify(3) READY=1, where a service manager asked for it (NOTIFY_SOCKET). */
export const notifyReady = (env: NodeJS.ProcessEnv): void => notify(env, 'READY=1')

/** sd_notify(3) STOPPING=1. */
export const notifyStopping = (env: NodeJS.ProcessEnv): void => notify(env, 'STOPPING=1')

/** Sent by this process itself, which is the one the manager believes. Its failure is not a reason to end. */
const notify = (env: NodeJS.ProcessEnv, text: string): void => {
  const path = env['NOTIFY_SOCKET']
  if (!path) return
  try {
    notifyServiceManager(path, text)
  } catch {
    // Nobody listens, or the addon is missing.
  }
}
