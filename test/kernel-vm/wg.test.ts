// SPDX-License-Identifier: MIT
import { beforeAll, describe, expect, it } from 'vitest'
import { batchInKernelVm, whyNoKernelVm } from '../support/kernel-vm.ts'
import { verbCases } from './verb-cases.ts'

const reason = whyNoKernelVm()
if (reason) console.log(`skipped: ${reason}`)

describe.skipIf(reason)('wg on the driver of the kernel, compared with Debian’s', () => {
  let results: { name: string; theirs: unknown; ours: unknown }[] = []
  beforeAll(() => {
    results = batchInKernelVm('kernel-verbs', 900)
  })

  it.each(verbCases.map((one) => one.name))('%s', (name) => {
    const result = results.find((one) => one.name === name)
    expect(result?.ours).toEqual(result?.theirs)
    expect(result?.theirs).not.toHaveLength(0)
  })
})
