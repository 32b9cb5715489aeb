// SPDX-License-Identifier: MIT
import { pause } from './pause.ts'

/** Requests by signals to a process in the foreground: `reload` for SIGHUP, `stop` for SIGTERM and SIGINT. */
type Request = 'reload' | 'stop'

/** Collects requests from its creation on, so that none is lost while another is carried out. */
export class Requests {
  private readonly stopping = new AbortController()
  private waiting = new AbortController()
  private reload = false

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        this.stopping.abort()
        this.waiting.abort()
      })
    process.on('SIGHUP', () => {
      this.reload = true
      this.waiting.abort()
    })
  }

  /** Aborted by the first request to stop. */
  get stop(): AbortSignal {
    return this.stopping.signal
  }

  /** Ends a pending {@link next} without a request. */
  wake(): void {
    this.waiting.abort()
  }

  /**
   * The next request, or undefined after this many seconds. `stop` takes precedence; several `reload` requests count as
   * one.
   */
  async next(seconds: number): Promise<Request | undefined> {
    if (!this.stop.aborted && !this.reload) await pause(seconds, this.waiting.signal)
    this.waiting = new AbortController()
    if (this.stop.aborted) return 'stop'
    if (!this.reload) return undefined
    this.reload = false
    return 'reload'
  }
}
