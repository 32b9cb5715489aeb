// SPDX-License-Identifier: MIT
import { beforeAll, describe, expect, it } from 'vitest'
import { batchInKernelVm, whyNoKernelVm } from '../support/kernel-vm.ts'
import { quickCases } from './quick-cases.ts'

const reason = whyNoKernelVm()
if (reason) console.log(`skipped: ${reason}`)

interface Step {
  readonly step: string
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  readonly state: string
}

// Upstream adds the default route after the rules, Debian's release before them.
const echoed = (step: Step) => ({ ...step, stderr: step.stderr.split('\n').sort() })

describe.skipIf(reason)('wg-quick on the driver of the kernel, compared with Debian’s', () => {
  let results: { name: string; theirs: Step[]; ours: Step[] }[] = []
  let bundles: { loaded: string[]; driver: string }
  beforeAll(() => {
    const lines = batchInKernelVm<unknown>('kernel-quick', 900)
    bundles = lines.pop() as typeof bundles
    results = lines as typeof results
  })

  it('loads nothing of the data plane', () => {
    expect(bundles.driver).toContain('wireguard')
    expect(bundles.loaded).toContain('up.cjs')
    expect(bundles.loaded.filter((name) => /wgqd|data-plane|serve/.test(name))).toEqual([])
  })

  it.each(quickCases.map((one) => one.name))('%s', (name) => {
    const result = results.find((one) => one.name === name)
    expect(result?.ours.map(echoed)).toEqual(result?.theirs.map(echoed))
  })
})
