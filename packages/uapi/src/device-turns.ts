// SPDX-License-Identifier: MIT

import { constants } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { monotonicMs } from '@wgq/model/monotonic'
import { quietMs, smallBytes } from './connections.ts'
import { Reply } from './reply.ts'
import { type Access, withoutKeys } from './server-access.ts'
import type { ServedDevice } from './server-device.ts'
import { formatGetReply } from './server-get.ts'
import { SetRequest } from './server-set.ts'

/** Milliseconds of work on one request before it yields to the event loop. */
export const sliceMs = 5

/** Longest wait of a reply for readers of the previous one. */
const mostWaitMs = 1000
/** Interval of the check meanwhile. */
const lookMs = 10

const getEnd = 'errno=0\n\n'

interface WaitingSet {
  readonly lines: Generator<string>
  readonly resolve: (errno: number) => void
  readonly reject: (error: unknown) => void
}

/**
 * Serialises requests to the device, so that each sees a consistent state. Waiting `get=1` requests run before the next
 * `set=1` and share one reply: many cost no more than one.
 */
export class DeviceTurns {
  private readonly device: ServedDevice
  private readonly onRefusal: (error: Error) => void
  private readonly gets: Record<Access, ((reply: Reply) => void)[]> = { all: [], read: [] }
  private readonly sets: WaitingSet[] = []
  private working = false
  /** The last reply that was long. */
  private long: Reply | undefined
  private waitingSince: number | undefined
  private looking: NodeJS.Timeout | undefined

  /** `onRefusal` gets the errors of refused requests; they never hold a key. */
  constructor(device: ServedDevice, onRefusal: (error: Error) => void) {
    this.device = device
    this.onRefusal = onRefusal
  }

  /**
   * Returns the reply to a `get=1`, at once if no request is running. It may grow until the device is read completely;
   * the device does not change meanwhile. Access `read` leaves out keys.
   */
  get(access: Access = 'all'): Reply | Promise<Reply> {
    let reply: Reply | undefined
    const asked = new Promise<Reply>((resolve) => {
      this.gets[access].push((made) => {
        reply = made
        resolve(made)
      })
    })
    this.work()
    return reply ?? asked
  }

  /** Applies the lines of a `set=1` and returns 0 or the error number. */
  set(lines: Generator<string>): Promise<number> {
    return new Promise((resolve, reject) => {
      this.sets.push({ lines, resolve, reject })
      this.work()
    })
  }

  /** Drops a waiting set and frees its memory. A running one continues. */
  cancel(lines: Generator<string>): void {
    const index = this.sets.findIndex((set) => set.lines === lines)
    const [cancelled] = index < 0 ? [] : this.sets.splice(index, 1)
    if (!cancelled) return
    lines.return(undefined)
    cancelled.resolve(constants.errno.ECANCELED)
  }

  // --- internal ---

  private work(): void {
    if (this.working) return
    this.working = true
    for (;;) {
      const access = this.mustWait() ? undefined : this.waiting()
      if (access === undefined && this.sets.length === 0) break
      const pending = access === undefined ? this.applyNext() : this.read(access)
      if (!pending) continue
      void pending.then(() => {
        this.working = false
        this.work()
      })
      return
    }
    this.working = false
  }

  private waiting(): Access | undefined {
    return this.gets.all.length > 0 ? 'all' : this.gets.read.length > 0 ? 'read' : undefined
  }

  /**
   * Whether a reply has to wait while clients read the previous one: both together could exceed the memory limit, and
   * one would end the other. Clients that read nothing are not waited for. A `set=1` may run first meanwhile.
   */
  private mustWait(): boolean {
    const now = monotonicMs()
    const isRead = this.long && this.long.unreadBytes > smallBytes && now - this.long.readMs < quietMs
    if (!isRead || this.waiting() === undefined) {
      this.waitingSince = undefined
      return false
    }
    this.waitingSince ??= now
    if (now - this.waitingSince >= mostWaitMs) return false
    this.looking ??= setTimeout(() => {
      this.looking = undefined
      this.work()
    }, lookMs)
    return true
  }

  /** Answers all waiting `get=1` requests, at once if the reply is short. */
  private read(access: Access): Promise<void> | undefined {
    const waiting = this.gets[access].splice(0)
    this.waitingSince = undefined
    const reply = new Reply(waiting.length)
    let more: Promise<void> | undefined
    try {
      const state = this.device.read()
      const pieces = formatGetReply(access === 'all' ? state : withoutKeys(state))
      const first = pieces.next()
      if (!first.done) reply.add(first.value)
      const second = pieces.next()
      if (second.done) finish(reply)
      else {
        reply.add(second.value)
        this.long = reply
        more = readOn(reply, pieces)
      }
    } catch (error) {
      reply.end(error)
    }
    for (const give of waiting) give(reply)
    return more
  }

  private applyNext(): Promise<void> | undefined {
    const next = this.sets.shift()
    return next && this.apply(next.lines).then(next.resolve, next.reject)
  }

  private async apply(lines: Generator<string>): Promise<number> {
    const request = new SetRequest(this.device)
    let sliceEnd = monotonicMs() + sliceMs
    let count = 0
    try {
      for (const line of lines) {
        request.line(line)
        if ((++count & 63) !== 0 || monotonicMs() < sliceEnd) continue
        await nextTurn()
        sliceEnd = monotonicMs() + sliceMs
      }
      request.finish()
      return 0
    } catch (error) {
      this.onRefusal(error as Error)
      return errnoNumber(error)
    } finally {
      this.device.commit()
    }
  }
}

const readOn = async (reply: Reply, pieces: Iterable<string>): Promise<void> => {
  try {
    await nextTurn()
    for (const piece of pieces) {
      if (reply.readerCount === 0) return
      reply.add(piece)
      await nextTurn()
    }
    finish(reply)
  } catch (error) {
    reply.end(error)
  }
}

const finish = (reply: Reply): void => {
  reply.add(getEnd)
  reply.end()
}

/** The number of a system error name; EIO for anything else. */
const errnoNumber = (error: unknown): number => {
  const { errno, code } = error as { errno?: unknown; code?: unknown }
  const numbers = constants.errno as Record<string, number>
  for (const name of [errno, code]) if (typeof name === 'string' && numbers[name]) return numbers[name]
  return constants.errno.EIO
}
