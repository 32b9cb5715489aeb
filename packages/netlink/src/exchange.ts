// SPDX-License-Identifier: MIT
import { isWgqError, WgqError } from '@wgq/model/error'
import type { Message } from './message-reader.ts'
import { messagesOf } from './message-reader.ts'
import { MessageWriter } from './message-writer.ts'
import { controlType, flag } from './protocol.ts'
import type { RawSocket } from './raw-socket.ts'
import { type Refusal, readAcknowledgement, readDone } from './refusal.ts'

/** Longest wait for one answer. Requests are answered at once, unless a busy lock in the kernel delays one. */
const answerTimeoutMs = 30_000

/**
 * Most messages in one datagram, and unacknowledged at one time. If all are refused, each refusal takes about 1 KB of
 * the receive buffer, which has 208 KB by default, so it cannot overflow.
 */
export const batchMessages = 64

/** Writes the fixed part and the attributes of a request. */
type Fill = (writer: MessageWriter) => void

/** One request of a batch. `flags` without NLM_F_REQUEST and NLM_F_ACK. */
export interface BatchRequest {
  readonly type: number
  readonly flags: number
  readonly fill: Fill
}

/** Which requests of a batch took effect, and the first refusal. */
interface BatchFailure {
  readonly refusal: Refusal
  /** Index of the first refused request. */
  readonly failed: number
  /** Indices of requests after the failed one that the kernel carried out, because it does not stop. */
  readonly appliedBehind: readonly number[]
}

/**
 * Requests and answers over one socket, one after the other. Raises {@link Refusal} when the kernel refuses and
 * `E_NETLINK` when an answer is malformed.
 */
export class Exchange {
  private readonly socket: RawSocket
  private readonly writer = new MessageWriter()
  private readonly nextSequence: () => number

  /** `nextSequence` gives nlmsg_seq; counts up from the start time unless given. Batches need it to count. */
  constructor(socket: RawSocket, nextSequence?: () => number) {
    let counter = Math.floor(Date.now() / 1000)
    this.socket = socket
    this.nextSequence = nextSequence ?? (() => ++counter >>> 0)
  }

  /** Sends a request whose only answer is an acknowledgement. */
  async request(type: number, flags: number, fill: Fill): Promise<void> {
    const sequence = this.send(type, flags | flag.ack, fill)
    for (;;) {
      for (const message of await this.answers(sequence)) {
        if (message.type !== controlType.error) continue
        const refusal = readAcknowledgement(message)
        if (refusal) throw refusal
        return
      }
    }
  }

  /**
   * Sends a request with one message as the answer, passes it to `read` and, with NLM_F_ACK, waits for the
   * acknowledgement.
   */
  async ask<T>(type: number, flags: number, fill: Fill, read: (message: Message) => T): Promise<T> {
    const sequence = this.send(type, flags, fill)
    let answer: { value: T } | undefined
    for (;;) {
      for (const message of await this.answers(sequence)) {
        if (message.type !== controlType.error) {
          answer ??= { value: read(message) }
          if (!(flags & flag.ack)) return answer.value
          continue
        }
        const refusal = readAcknowledgement(message)
        if (refusal) throw refusal
        if (answer) return answer.value
        throw malformed('an answer before the acknowledgement')
      }
    }
  }

  /**
   * Dumps: passes every message to `read`. If the kernel reports that a change interrupted the dump, calls `restart`
   * and repeats the request, without limit, as wg does (spec wg §13.3), unless `mostRestarts` limits it.
   */
  async dump(
    type: number,
    flags: number,
    fill: Fill,
    on: { read: (message: Message) => void; restart: () => void; mostRestarts?: number },
  ): Promise<void> {
    for (let restarts = 0; ; restarts++) {
      if (!(await this.dumpOnce(type, flags, fill, on.read))) return
      if (restarts >= (on.mostRestarts ?? Number.POSITIVE_INFINITY)) return
      on.restart()
    }
  }

  /** Returns true when the dump was interrupted. */
  private async dumpOnce(type: number, flags: number, fill: Fill, read: (message: Message) => void) {
    const sequence = this.send(type, flags | flag.dump, fill)
    let interrupted = false
    let fault: unknown
    for (;;) {
      for (const message of await this.answers(sequence)) {
        if (message.flags & flag.dumpInterrupted) interrupted = true
        if (message.type === controlType.done || message.type === controlType.error) {
          const refusal = message.type === controlType.done ? readDone(message) : readAcknowledgement(message)
          if (fault) throw fault
          if (refusal && !interrupted) throw refusal
          return interrupted
        }
        if (message.type < 16 || fault) continue
        try {
          read(message)
        } catch (error) {
          // Read the rest of the dump from the socket first, or it would be taken for the answer to the next request.
          fault = error
        }
      }
    }
  }

  /**
   * Sends requests in datagrams of at most {@link batchMessages}, each acknowledged before the next goes out. Stops
   * after the first datagram with a refusal and returns which requests took effect; undefined if all did.
   */
  async batch(requests: readonly BatchRequest[]): Promise<BatchFailure | undefined> {
    for (let first = 0; first < requests.length; first += batchMessages) {
      const refusals = await this.sendBatch(requests.slice(first, first + batchMessages))
      const failed = refusals.findIndex((refusal) => refusal !== undefined)
      if (failed < 0) continue
      const appliedBehind = refusals.flatMap((refusal, index) =>
        index > failed && !refusal ? [first + index] : [],
      )
      return { refusal: refusals[failed] as Refusal, failed: first + failed, appliedBehind }
    }
    return undefined
  }

  /**
   * One datagram. Only the last message requests an acknowledgement: the kernel works in order and always reports
   * refusals.
   */
  private async sendBatch(requests: readonly BatchRequest[]): Promise<(Refusal | undefined)[]> {
    const refusals = new Array<Refusal | undefined>(requests.length).fill(undefined)
    const last = requests.length - 1
    let first = 0
    for (let index = 0; index <= last; index++) {
      const { type, flags, fill } = requests[index] as BatchRequest
      const sequence = this.nextSequence()
      if (index === 0) first = sequence
      this.writer.begin(type, flag.request | flags | (index === last ? flag.ack : 0), sequence)
      fill(this.writer)
      this.writer.end()
    }
    this.socket.send(this.writer.take())
    for (;;) {
      for (const message of messagesOf(await this.socket.receive(answerTimeoutMs))) {
        const index = (message.sequence - first) >>> 0
        if (index > last || message.type !== controlType.error) continue
        refusals[index] = readAcknowledgement(message)
        if (index === last) return refusals
      }
    }
  }

  close(): void {
    this.socket.close()
  }

  private send(type: number, flags: number, fill: Fill): number {
    const sequence = this.nextSequence()
    try {
      this.writer.begin(type, flag.request | flags, sequence)
      fill(this.writer)
      this.writer.end()
    } catch (error) {
      this.writer.rewind(0)
      throw error
    }
    this.socket.send(this.writer.take())
    return sequence
  }

  /**
   * The messages of the next datagram that belong to `sequence`; others are left over from an earlier, broken answer.
   */
  private async answers(sequence: number): Promise<Message[]> {
    return messagesOf(await this.socket.receive(answerTimeoutMs)).filter(
      (message) => message.sequence === sequence,
    )
  }
}

/** Returns whether `error` is a refusal with this errno name. */
export const isRefusal = (error: unknown, ...errnos: string[]): error is Refusal =>
  isWgqError(error) && error.code === 'E_NETLINK' && error.errno !== undefined && errnos.includes(error.errno)

const malformed = (expected: string): WgqError =>
  new WgqError('E_NETLINK', `Expected ${expected} from the kernel, found none`, { errno: 'EBADMSG' })
