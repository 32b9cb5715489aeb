// SPDX-License-Identifier: MIT
import { setTimeout as sleep } from 'node:timers/promises'

/** The longest delay of a Node timer; a longer one fires at once. */
const longestMs = 2 ** 31 - 1

/** Waits for this many seconds, or until `stop` is aborted. */
export const pause = async (seconds: number, stop?: AbortSignal): Promise<void> => {
  try {
    for (let leftMs = seconds * 1000; leftMs >= 0; leftMs -= longestMs)
      await sleep(Math.min(leftMs, longestMs), undefined, stop && { signal: stop })
  } catch (error) {
    if (!stop?.aborted) throw error
  }
}

/** A signal aborted by SIGINT or SIGTERM, so that a loop can end cleanly. */
export const untilSignal = (): AbortSignal => {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}
