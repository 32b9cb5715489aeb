// SPDX-License-Identifier: MIT
import { configPathOf } from '../observe/config-path.ts'
import { pause } from '../observe/pause.ts'
import { watchMachine } from './machine-news.ts'
import { runVerb } from './run-verb.ts'
import { followTunnel } from './tunnel-follower.ts'

/** A tunnel that is being brought up causes several changes in a row. */
const settleSeconds = 0.5

type Followed = Awaited<ReturnType<typeof followTunnel>>

/** Follows interfaces while they exist, no matter which program brought them up. */
export class Followers {
  private readonly names: readonly string[]
  private readonly followFile: boolean
  private readonly running = new Map<string, Followed>()
  private waking = new AbortController()
  /** Reports new interfaces while one is missing. */
  private arrivals: { close(): void } | undefined

  constructor(names: readonly string[], followFile: boolean) {
    this.names = names
    this.followFile = followFile
  }

  /**
   * Runs the due actions for the interfaces that are `present`, with their indices as far as known. An interface that
   * was removed, or made anew, is followed again.
   */
  async act(present: ReadonlyMap<string, number | undefined>): Promise<void> {
    for (const name of this.names) {
      const index = present.get(name) ?? this.running.get(name)?.index
      if (!present.has(name) || index !== this.running.get(name)?.index) this.end(name)
      const followed = this.running.get(name)
      if (!present.has(name)) continue
      if (followed) {
        if (!(await followed.follower.act())) this.end(name)
      } else this.running.set(name, await this.begin(name))
    }
    const isMissing = this.running.size < this.names.length
    if (isMissing) this.arrivals ??= watchMachine({ name: '', index: -1 }, [], () => this.waking.abort())
    else this.listenNoMore()
  }

  /** Waits for this many seconds, or until there is something to do. */
  async wait(seconds: number, stop: AbortSignal): Promise<void> {
    const waits = [...this.running.values()].map(({ follower }) => follower.waitMs() / 1000)
    await pause(Math.min(seconds, ...waits), AbortSignal.any([stop, this.waking.signal]))
    // Events arrive in bursts.
    if (this.arrivals) await pause(settleSeconds, stop)
    this.waking = new AbortController()
  }

  private listenNoMore(): void {
    this.arrivals?.close()
    this.arrivals = undefined
  }

  close(): void {
    this.listenNoMore()
    for (const name of [...this.running.keys()]) this.end(name)
  }

  private async begin(name: string): Promise<Followed> {
    const followed = await followTunnel(
      { interfaceName: name, tunnel: name, configPath: configPathOf(name), followFile: this.followFile },
      (words, capture) => runVerb(words, { capture, follows: true }),
      () => this.waking.abort(),
    )
    // Check at once: changes may have happened before.
    followed.follower.changed(true)
    return followed
  }

  private end(name: string): void {
    this.running.get(name)?.close()
    this.running.delete(name)
  }
}
