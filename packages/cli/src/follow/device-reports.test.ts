// SPDX-License-Identifier: MIT
import { expect, test, vi } from 'vitest'
import { DeviceReports } from './device-reports.ts'

const hearNews = vi.hoisted(() => vi.fn())
vi.mock('@wgq/uapi/device-news', () => ({ hearNews }))
vi.mock('@wgq/uapi/client', () => ({
  UapiDevices: class {
    health = async () => new Map([['K', { unansweredSeconds: 3 }]])
  },
}))

test('a daemon that reports nothing is asked once, because others log each unknown question as an error', async () => {
  hearNews.mockReset().mockResolvedValue(undefined)
  const reports = new DeviceReports('wg0', () => {})
  for (let i = 0; i < 3; i++) expect(await reports.silences()).toBeUndefined()
  expect(hearNews).toHaveBeenCalledTimes(1)
})

test('one that reports is asked again after its connection ended, and each time a look follows', async () => {
  const news = { isOpen: true, close: () => {} }
  hearNews.mockReset().mockResolvedValue(news)
  let looks = 0
  const reports = new DeviceReports('wg0', () => {
    looks += 1
  })
  for (let i = 0; i < 3; i++) expect(await reports.silences()).toEqual(new Map([['K', 3]]))
  expect([hearNews.mock.calls.length, looks]).toEqual([1, 1])
  news.isOpen = false
  await reports.silences()
  expect([hearNews.mock.calls.length, looks]).toEqual([2, 2])
})
