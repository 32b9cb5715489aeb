// SPDX-License-Identifier: MIT
import { setTimeout as sleep } from 'node:timers/promises'

/** Waits so many seconds, or less when `stop` is aborted. */
export const pause = async (seconds: number, stop?: AbortSignal): Promise<void> => {
  try {
    await sleep(seconds * 1000, undefined, stop && { signal: stop })
  } catch (error) {
    if (!stop?.aborted) throw error
  }
}

/** Aborted by SIGINT or SIGTERM, so that a loop can end in good order. */
export const untilSignal = (): AbortSignal => {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}
