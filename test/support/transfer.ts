// SPDX-License-Identifier: MIT
import { createInterface } from 'node:readline'
import { childEnvironment, childScript } from './child-script.ts'
import type { Namespace } from './netns.ts'

/** The bytes that one side of a transfer counted. */
interface Amount {
  readonly bytes: number
  readonly sha256: string
}

/**
 * Sends unpredictable bytes over TCP from one namespace to an address of another and returns the counts of both sides.
 * Raises an error when a side fails or `timeoutMs` passes.
 */
export const transfer = async (
  from: Namespace,
  to: { readonly ns: Namespace; readonly address: string },
  bytes: number,
  timeoutMs = 300_000,
): Promise<{ readonly sent: Amount; readonly received: Amount; readonly seconds: number }> => {
  const receiver = to.ns.start(process.execPath, [childScript('tcp-receive'), to.address], childEnvironment)
  if (!receiver.stdout) throw new Error('a child without pipes')
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]()
  const timer = setTimeout(() => receiver.kill('SIGKILL'), timeoutMs)
  try {
    const port = (await lines.next()).value as string | undefined
    if (!port) throw new Error(`cannot listen on ${to.address}`)
    const startMs = performance.now()
    const sender = await from.finish(
      process.execPath,
      [childScript('tcp-send'), to.address, port, String(bytes)],
      { env: childEnvironment, timeoutMs },
    )
    if (sender.status !== 0) throw new Error(`sending to ${to.address} failed: ${sender.stderr}`)
    const seconds = (performance.now() - startMs) / 1_000
    const received = (await lines.next()).value as string | undefined
    if (!received) throw new Error(`receiving on ${to.address} failed`)
    return { sent: JSON.parse(sender.stdout), received: JSON.parse(received), seconds }
  } finally {
    clearTimeout(timer)
    receiver.kill('SIGKILL')
  }
}

/** The datagram counts of both sides of a {@link udpBatch}. */
interface BatchReport {
  readonly sent: number
  readonly lost: number
  readonly received: number
  readonly wrong: number
  readonly disorder: number
}

/** Sends UDP datagrams of the sizes `first`, `first + step` … `last` in bursts; the receiver checks every byte. */
export const udpBatch = async (
  from: Namespace,
  to: { readonly ns: Namespace; readonly address: string },
  sizes: { readonly first: number; readonly last: number; readonly step: number; readonly burst: number },
): Promise<BatchReport> => {
  const script = childScript('udp-batch')
  const receiver = to.ns.start(process.execPath, [script, 'receive', to.address], childEnvironment)
  if (!receiver.stdout) throw new Error('a child without pipes')
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]()
  try {
    const port = (await lines.next()).value as string
    const { first, last, step, burst } = sizes
    const sender = await from.finish(
      process.execPath,
      [script, 'send', to.address, port, ...[first, last, step, burst].map(String)],
      { env: childEnvironment },
    )
    if (sender.status !== 0) throw new Error(`the batch did not leave: ${sender.stderr}`)
    return { ...JSON.parse(sender.stdout), ...JSON.parse((await lines.next()).value as string) }
  } finally {
    receiver.kill('SIGKILL')
  }
}
