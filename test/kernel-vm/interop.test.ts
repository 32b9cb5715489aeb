// SPDX-License-Identifier: MIT
import { beforeAll, describe, expect, it } from 'vitest'
import { subject, testingOurs } from '../support/implementation.ts'
import { batchInKernelVm, whyNoKernelVm } from '../support/kernel-vm.ts'
import { interopSteps } from './interop-steps.ts'

const reason = whyNoKernelVm()
if (reason) console.log(`skipped: ${reason}`)

describe.skipIf(reason)(`the driver of the kernel and ${subject.name}`, () => {
  let results: { name: string; fault: string | null }[] = []
  beforeAll(() => {
    results = batchInKernelVm('kernel-interop', 600, subject.command)
  })

  it.each(interopSteps)('%s', (name) => {
    // wireguard-go sticks to a source address that is gone.
    if (!testingOurs && name === 'the daemon moves to another address') return
    expect(results.find((one) => one.name === name)).toEqual({ name, fault: null })
  })
})
