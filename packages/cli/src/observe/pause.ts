// SPDX-License-Identifier: MIT

/** Waits so many seconds, or less when `stop` is aborted. */
export const pause = (seconds: number, stop?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stop?.aborted) return resolve()
    const timer = setTimeout(resolve, seconds * 1000)
    stop?.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })

/** Aborted by SIGINT or SIGTERM, so that a loop can end in good order. */
export const untilSignal = (): AbortSignal => {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}
