// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { checkReversePath } from './reverse-path.ts'
import { testSubject } from './testing.ts'

const strict: Record<string, string> = {
  'net.ipv4.conf.eth0.rp_filter': '1',
  'net.ipv4.conf.all.src_valid_mark': '1',
}
const found = (sysctls: Record<string, string>, restores: boolean, subject = testSubject()) =>
  checkReversePath(
    subject,
    (key) => sysctls[key],
    async () => restores,
  )

test('strict filtering without the marks drops every answer', async () => {
  const [finding] = await found(strict, false)
  expect(finding).toMatchObject({ check: 'rp-filter', status: 'problem' })
  expect(finding?.hint).toContain('net.ipv4.conf.eth0.rp_filter=2')
})
test('so it does where the mark is not looked at', async () => {
  expect(await found({ ...strict, 'net.ipv4.conf.all.src_valid_mark': '0' }, true)).toHaveLength(1)
})
test('marks that are restored, loose filtering and an own way to the endpoint are fine', async () => {
  expect(await found(strict, true)).toEqual([])
  const loose = { ...strict, 'net.ipv4.conf.all.rp_filter': '2' }
  expect(await found(loose, false)).toEqual([])
  const own = testSubject({}, {}, { routeTo: async () => ({ dev: 'eth0' }) })
  expect(await found(strict, false, own)).toEqual([])
})
