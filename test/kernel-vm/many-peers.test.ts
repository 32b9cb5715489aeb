// SPDX-License-Identifier: MIT
import { beforeAll, describe, expect, it } from 'vitest'
import { batchInKernelVm, whyNoKernelVm } from '../support/kernel-vm.ts'

const reason = whyNoKernelVm()
if (reason) console.log(`skipped: ${reason}`)

interface Outcome {
  readonly rows: number
  readonly allowedIps: number
  readonly readByTheirs: string
  readonly readByOurs: string
  readonly shownByTheirs: string
  readonly shownByOurs: string
}

// An emulated processor takes minutes for 5,000.
const peers = process.env['WGQ_LONG'] ? 5000 : 1000

describe.skipIf(reason)(`${peers} peers with four allowed IPs each on the driver of the kernel`, () => {
  let result: { ours: Outcome; theirs: Outcome }
  beforeAll(() => {
    result = batchInKernelVm<typeof result>('kernel-many-peers', 900, `${peers}`)[0] as typeof result
    console.log(JSON.stringify(result))
  })

  it.each(['ours', 'theirs'] as const)('set by %s, read the same by both', (setter) => {
    const outcome = result[setter]
    expect(outcome).toMatchObject({ rows: peers + 1, allowedIps: 4 * peers })
    expect(outcome.readByOurs).toBe(outcome.readByTheirs)
    expect(outcome.shownByOurs).toBe(outcome.shownByTheirs)
  })

  it('come out the same whoever set them', () => {
    expect(result.ours.readByTheirs).toBe(result.theirs.readByTheirs)
  })
})
