// SPDX-License-Identifier: MIT
import type { Settings } from '@wgq/config/settings'
import type { Key } from '@wgq/model/key'

/** What a configuration sets on the device beyond its peers' lists; absent values are left to others. */
interface Mentioned {
  readonly hasInterface: boolean
  readonly privateKey: boolean
  readonly listenPort?: number
  readonly fwmark?: number
  /** Public keys of the peers that have a PresharedKey, as written. */
  readonly presharedKeys: readonly string[]
}

/** Scans a configuration without checking its values. */
export const mentionedBy = ({ wgConfig }: Pick<Settings, 'wgConfig'>): Mentioned => {
  let section = ''
  let hasInterface = false
  let peer = { publicKey: '', secret: false }
  const values = new Map<string, string>()
  const presharedKeys: string[] = []
  const closePeer = (): void => {
    if (peer.secret && peer.publicKey !== '') presharedKeys.push(peer.publicKey)
    peer = { publicKey: '', secret: false }
  }
  for (const line of wgConfig.split('\n')) {
    const text = line.replace(/#.*/, '').replace(/\s+/g, '')
    if (text.startsWith('[')) {
      closePeer()
      section = text.toLowerCase()
      hasInterface ||= section === '[interface]'
      continue
    }
    const equals = text.indexOf('=')
    const key = text.slice(0, Math.max(0, equals)).toLowerCase()
    if (section === '[interface]' && key !== '') values.set(key, text.slice(equals + 1))
    else if (key === 'publickey') peer.publicKey = text.slice(equals + 1)
    else if (key === 'presharedkey') peer.secret = true
  }
  closePeer()
  return {
    hasInterface,
    privateKey: values.has('privatekey'),
    ...number('listenPort', values.get('listenport')),
    ...number('fwmark', values.get('fwmark')),
    presharedKeys,
  }
}

/** Says whether a hook of `up` may have set something, judging by the hook's text. */
export const isSetByHook = ({ hooks }: Pick<Settings, 'hooks'>, what: RegExp): boolean =>
  [...hooks.preUp, ...hooks.postUp].some(({ value }) => what.test(value))

/** Says whether a hook of `up` has the public key of a peer in its text. */
export const isNamedByHook = ({ hooks }: Pick<Settings, 'hooks'>, publicKey: Key): boolean =>
  [...hooks.preUp, ...hooks.postUp].some(({ value }) => value.includes(publicKey))

const number = <K extends string>(key: K, text: string | undefined): { [key in K]?: number } =>
  text === undefined ? {} : ({ [key]: Number(text) || 0 } as { [key in K]?: number })
