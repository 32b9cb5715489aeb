// SPDX-License-Identifier: MIT

/** Microseconds that one batch takes in each stage of a queue. */
export interface QueueCosts {
  /** In the one thread that fills slots. */
  readonly produce: number
  /** In any thread. */
  readonly work: number
  /** In order, one at a time, by the thread that completed the missing work. */
  readonly finish: number
}

const slots = 16
/** Waking a sleeping thread (futex), in microseconds; measured between idle cores. */
const wakeUp = 5
const simulatedMicroseconds = 200_000

/**
 * Batches per second through `packages/native/src/engine/ordered-queue.h` with a producer and `helpers` threads, each
 * on its own core: an event simulation of its rules, in which the producer always has packets.
 */
export const queueBatchesPerSecond = (costs: QueueCosts, helpers: number): number => {
  let [published, claimed, finished] = [0, 0, 0]
  const done = new Set<number>()
  let finishing = false
  const events: { at: number; run: (now: number) => void }[] = []
  const schedule = (at: number, run: (now: number) => void): void => {
    events.push({ at, run })
  }
  const sleeping: ((now: number) => void)[] = []
  let producerWaits: ((now: number) => void) | undefined

  /** Finishes all ready batches, then continues with `next`. */
  const finishReady = (now: number, next: (now: number) => void): void => {
    if (finishing || !done.has(finished)) {
      next(now)
      return
    }
    finishing = true
    schedule(now + costs.finish, (after) => {
      done.delete(finished)
      finished++
      finishing = false
      const waiting = producerWaits
      producerWaits = undefined
      if (waiting) schedule(after + wakeUp, waiting)
      finishReady(after, next)
    })
  }
  const work = (now: number, next: (now: number) => void): void => {
    const batch = claimed++
    schedule(now + costs.work, (after) => {
      done.add(batch)
      finishReady(after, next)
    })
  }
  const help = (now: number): void => {
    if (claimed < published) work(now, help)
    else sleeping.push(help)
  }
  const produce = (now: number): void => {
    if (published - finished < slots) {
      schedule(now + costs.produce, (after) => {
        published++
        const helper = sleeping.shift()
        if (helper) schedule(after + wakeUp, helper)
        produce(after)
      })
    } else if (claimed < published) work(now, produce)
    else producerWaits = produce
  }

  for (let i = 0; i < helpers; i++) schedule(0, help)
  schedule(0, produce)
  while (events.length > 0) {
    const next = events.reduce((first, event) => (event.at < first.at ? event : first))
    if (next.at > simulatedMicroseconds) break
    events.splice(events.indexOf(next), 1)
    next.run(next.at)
  }
  return (finished / simulatedMicroseconds) * 1e6
}
