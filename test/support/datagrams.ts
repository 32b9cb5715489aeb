// SPDX-License-Identifier: MIT
import { createInterface } from 'node:readline'
import { nativeChild } from './native-child.ts'
import type { Namespace } from './netns.ts'

/** Datagrams that leave together. */
export interface DatagramBatch {
  /** One send with UDP_SEGMENT, or separate datagrams with sendmmsg. */
  readonly how: 'segment' | 'burst'
  /** Bytes of each but the last. */
  readonly size: number
  /** How many of them; 64 at most with the tail. */
  readonly count: number
  /** Bytes of a last, shorter one; 0 for none. */
  readonly tail: number
}

/** The result of {@link sendDatagramBatches}; counts are of datagrams unless noted. */
interface BatchesReport {
  readonly sent: number
  /** Whether the receiver got the last one. */
  readonly acknowledged: boolean
  readonly received: number
  /** Datagrams with a length or bytes that were never sent. */
  readonly wrong: number
  readonly disorder: number
  readonly missing: number
  /** How many times the receiver's kernel delivered more than one at once. */
  readonly coalesced: number
  /** The first fault; empty if there is none. */
  readonly firstFault: string
}

/**
 * Sends batches of datagrams with at most `underway` unacknowledged at a time; the receiver, with UDP_GRO if
 * `coalescing` is set, checks the length, bytes and order of all.
 */
export const sendDatagramBatches = async (
  from: Namespace,
  to: { readonly ns: Namespace; readonly address: string },
  batches: readonly DatagramBatch[],
  { coalescing, underway }: { readonly coalescing: boolean; readonly underway: number },
): Promise<BatchesReport> => {
  const program = nativeChild('datagrams')
  const plan = batches.map(({ how, size, count, tail }) => `${how}:${size}:${count}:${tail}`).join(',')
  const receiver = to.ns.start(program, ['receive', to.address, coalescing ? 'gro' : 'plain', plan])
  if (!receiver.stdout) throw new Error('a child without pipes')
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]()
  const timer = setTimeout(() => receiver.kill('SIGKILL'), 120_000)
  try {
    const port = (await lines.next()).value as string
    const sender = await from.finish(program, ['send', to.address, port, String(underway), plan])
    if (sender.status !== 0) throw new Error(`the datagrams did not leave: ${sender.stderr}`)
    const report = (await lines.next()).value as string | undefined
    if (!report) throw new Error(`the end did not arrive: ${sender.stdout}`)
    return { ...JSON.parse(sender.stdout), ...JSON.parse(report) }
  } finally {
    clearTimeout(timer)
    receiver.kill('SIGKILL')
  }
}

/** What arrived during {@link floodFlows}. */
interface FlowsReport {
  /** Datagrams with bytes that were never sent. */
  readonly wrong: number
  /** Datagrams that came after a later one of their flow. */
  readonly disorder: number
  /** Datagrams of each flow. */
  readonly flows: readonly number[]
}

/** Sends numbered datagrams of several flows, half of them IPv4, half IPv6, as fast as possible; some may be lost. */
export const floodFlows = async (
  from: Namespace,
  to: { readonly ns: Namespace; readonly v4: string; readonly v6: string },
  order: { readonly flows: number; readonly count: number; readonly seed: number },
): Promise<FlowsReport> => {
  const program = nativeChild('datagrams')
  const sink = to.ns.start(program, ['sink', to.v4, to.v6])
  if (!sink.stdout) throw new Error('a child without pipes')
  const lines = createInterface({ input: sink.stdout })[Symbol.asyncIterator]()
  try {
    const [port4 = '', port6 = ''] = ((await lines.next()).value as string).split(' ')
    const numbers = [order.flows, order.count, order.seed].map(String)
    const sender = await from.finish(program, ['flood', to.v4, port4, to.v6, port6, ...numbers])
    if (sender.status !== 0) throw new Error(`the flood did not leave: ${sender.stderr}`)
    sink.kill('SIGTERM')
    return JSON.parse((await lines.next()).value as string)
  } finally {
    sink.kill('SIGKILL')
  }
}
