// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'
import { UapiDevices } from '@wgq/uapi/client'
import { hearSilences, type SilenceNews } from '@wgq/uapi/silence-news'

/** The peers of one interface that do not answer, as reported by its data plane; calls `onNews` for each new one. */
export class PeerSilences {
  private readonly name: string
  private readonly onNews: () => void
  private readonly devices = new UapiDevices()
  private news: SilenceNews | undefined

  constructor(name: string, onNews: () => void) {
    this.name = name
    this.onNews = onNews
  }

  /**
   * For each peer, the seconds for which it has owed an answer; undefined if the data plane does not report silent
   * peers.
   */
  async read(): Promise<ReadonlyMap<Key, number> | undefined> {
    if (!this.news?.isOpen) this.news = await hearSilences(this.name, this.onNews)
    if (!this.news) return undefined
    const health = await this.devices.health(this.name)
    return health && new Map([...health].map(([key, { unansweredSeconds }]) => [key, unansweredSeconds]))
  }

  close(): void {
    this.news?.close()
  }
}
