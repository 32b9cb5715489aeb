// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'
import { UapiDevices } from '@wgq/uapi/client'
import { hearSilences, type SilenceNews } from '@wgq/uapi/silence-news'

/** Peers of one interface that do not answer, as its data plane says; `onNews` is called when there is one more. */
export class PeerSilences {
  private readonly name: string
  private readonly onNews: () => void
  private readonly devices = new UapiDevices()
  private news: SilenceNews | undefined

  constructor(name: string, onNews: () => void) {
    this.name = name
    this.onNews = onNews
  }

  /** Seconds since each peer that owes an answer owes it; undefined where the data plane does not say when one does not answer. */
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
