// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'
import { UapiDevices } from '@wgq/uapi/client'
import { type DeviceNews, hearNews } from '@wgq/uapi/device-news'

/**
 * What the data plane of one interface reports without being asked: peers that do not answer, and changed settings.
 * Calls `onNews` for each.
 */
export class DeviceReports {
  private readonly name: string
  private readonly onNews: () => void
  private readonly devices = new UapiDevices()
  private news: DeviceNews | undefined
  /** False once the question got no answer: other daemons log each one as an error. */
  private isAsking = true

  constructor(name: string, onNews: () => void) {
    this.name = name
    this.onNews = onNews
  }

  /**
   * For each peer, the seconds for which it has owed an answer. Undefined if the data plane reports nothing: the
   * kernel's driver and other daemons.
   */
  async silences(): Promise<ReadonlyMap<Key, number> | undefined> {
    if (this.isAsking && !this.news?.isOpen) {
      this.news = await hearNews(this.name, this.onNews)
      this.isAsking = this.news !== undefined
      // Something may have changed since the caller read the device.
      if (this.news) this.onNews()
    }
    if (!this.news) return undefined
    const health = await this.devices.health(this.name)
    return health && new Map([...health].map(([key, { unansweredSeconds }]) => [key, unansweredSeconds]))
  }

  close(): void {
    this.news?.close()
  }
}
