// SPDX-License-Identifier: MIT
import { pause } from './pause.ts'

/** What a process in the foreground is asked to do by signals: `reload` for SIGHUP, `stop` for SIGTERM and SIGINT. */
type Request = 'reload' | 'stop'

/** Collects requests from its making on, so that none is lost while another is carried out. */
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

  /** Ends the wait of {@link next} without a request. */
  wake(): void {
    this.waiting.abort()
  }

  /** The next request, or undefined after so many seconds. Stopping goes first; several requests to reload are one. */
  async next(seconds: number): Promise<Request | undefined> {
    if (!this.stop.aborted && !this.reload) await pause(seconds, this.waiting.signal)
    this.waiting = new AbortController()
    if (this.stop.aborted) return 'stop'
    if (!this.reload) return undefined
    this.reload = false
    return 'reload'
  }
}
