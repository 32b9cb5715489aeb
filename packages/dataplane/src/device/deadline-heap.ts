// SPDX-License-Identifier: MIT

/** An item with at most one deadline in a {@link DeadlineHeap}; the heap owns the field. */
interface Scheduled {
  /** When the heap will return it; undefined if it is not in the heap. */
  scheduledAt: number | undefined
}

/**
 * Deadlines of many items, earliest first. A moved entry leaves its old place behind, which is skipped when it comes
 * up: moving costs one push, and items without a deadline cost nothing.
 */
export class DeadlineHeap<T extends Scheduled> {
  private readonly times: number[] = []
  private readonly items: T[] = []

  /** Sets or clears the deadline of `item`, in the unit of the caller's clock. */
  schedule(item: T, at: number | undefined): void {
    if (item.scheduledAt === at) return
    item.scheduledAt = at
    if (at !== undefined) this.push(at, item)
  }

  /** Returns the earliest deadline; undefined if there is none. */
  next(): number | undefined {
    this.dropStale()
    return this.times[0]
  }

  /** Removes and returns one item whose deadline is not after `now`; undefined if there is none. */
  take(now: number): T | undefined {
    this.dropStale()
    if (this.times.length === 0 || (this.times[0] as number) > now) return undefined
    const item = this.items[0] as T
    this.pop()
    item.scheduledAt = undefined
    return item
  }

  private dropStale(): void {
    while (this.times.length > 0 && (this.items[0] as T).scheduledAt !== this.times[0]) this.pop()
  }

  private push(at: number, item: T): void {
    let i = this.times.length
    this.times.push(at)
    this.items.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if ((this.times[parent] as number) <= at) break
      this.move(parent, i)
      i = parent
    }
    this.times[i] = at
    this.items[i] = item
  }

  private pop(): void {
    const at = this.times.pop() as number
    const item = this.items.pop() as T
    const length = this.times.length
    if (length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= length) break
      if (child + 1 < length && (this.times[child + 1] as number) < (this.times[child] as number)) child++
      if ((this.times[child] as number) >= at) break
      this.move(child, i)
      i = child
    }
    this.times[i] = at
    this.items[i] = item
  }

  private move(from: number, to: number): void {
    this.times[to] = this.times[from] as number
    this.items[to] = this.items[from] as T
  }
}
