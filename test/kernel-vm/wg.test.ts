// SPDX-License-Identifier: MIT
import { beforeAll, describe, expect, it } from 'vitest'
import { batchInKernelVm, whyNoKernelVm } from '../support/kernel-vm.ts'
import { verbCases } from './verb-cases.ts'

const reason = whyNoKernelVm()
if (reason) console.log(`skipped: ${reason}`)

describe.skipIf(reason)('wg on the driver of the kernel, compared with Debian’s', () => {
  let results: { name: string; theirs: unknown; ours: unknown; kernel?: string }[] = []
  beforeAll(() => {
    results = batchInKernelVm('kernel-verbs', 900)
  })

  it.each([...verbCases.map((one) => one.name), 'without the addon'])('%s', (name) => {
    const result = results.find((one) => one.name === name)
    expect(result?.ours).toEqual(result?.theirs)
    expect(result?.theirs).not.toHaveLength(0)
  })

  it('adds and removes single allowed IPs, as far as the kernel can', () => {
    const { kernel = '', ours } = results.find((one) => one.name === 'signs') ?? { ours: [] }
    const [, added, removed] = ours as { status: number; stderr: string; state: string[] }[]
    const allowedIps = (state = ''): string[] =>
      (state.split('\n')[1]?.split('\t')[3] ?? '').split(',').sort()
    expect(allowedIps(added?.state[0])).toEqual(['10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16'])
    const [major = 0, minor = 0] = kernel.split('.').map(Number)
    if (major > 6 || (major === 6 && minor >= 16)) {
      expect(allowedIps(removed?.state[0])).toEqual(['10.0.0.0/8', '10.2.0.0/16'])
      return
    }
    // The flag is unknown to the kernel, and nothing changes.
    expect(removed).toMatchObject({ status: 1, stderr: 'Unable to modify interface: Invalid argument\n' })
    expect(removed?.state).toEqual(added?.state)
  })
})
