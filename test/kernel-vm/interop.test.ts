// SPDX-License-Identifier: MIT
import { beforeAll, describe, expect, it } from 'vitest'
import { subject } from '../support/implementation.ts'
import { batchInKernelVm, whyNoKernelVm } from '../support/kernel-vm.ts'
import { interopSteps } from './interop-steps.ts'

const reason = whyNoKernelVm()
if (reason) console.log(`skipped: ${reason}`)

describe.skipIf(reason)(`the driver of the kernel and ${subject.name}`, () => {
  let results: { name: string; fault: string | null }[] = []
  beforeAll(() => {
    results = batchInKernelVm('kernel-interop', 300, subject.command)
  })

  it.each(interopSteps)('%s', (name) => {
    expect(results.find((one) => one.name === name)).toEqual({ name, fault: null })
  })
})
