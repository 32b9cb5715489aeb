// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import { parseIp } from '@wgq/model/ip'
import { isKey } from '@wgq/model/key'
import type { Diagnostic } from '../diagnostic.ts'
import type { Entry } from '../outline.ts'
import { readAllowedIps } from '../wg/allowed-ips.ts'
import { splitEndpoint, strangeInHost } from '../wg/endpoint.ts'
import { glibcPort, strictPort } from '../wg/port.ts'
import { readFwmark, readKeepalive, readKey, readPort } from '../wg/values.ts'
import type { Rule, Subject } from './subject.ts'
import { entriesOf, listItems, spot } from './subject.ts'

/** Values of wg's keys that wg refuses, or reads as something else than written (spec wg §6). */
export const valueRules: Rule = (subject) => {
  const peers = subject.peers.map((peer) => peer.section)
  const of = (key: string, check: Check): Diagnostic[] =>
    entriesOf(
      key === 'privatekey' || key === 'listenport' || key === 'fwmark' ? subject.interfaces : peers,
      key,
    )
      .filter((entry) => entry.value.text !== '')
      .flatMap((entry) => check(subject, entry))
  return [
    ...of('privatekey', checkKey),
    ...of('listenport', checkPort),
    ...of('fwmark', (_, entry) => refused(subject, entry, 'bad-fwmark', readFwmark)),
    ...of('publickey', checkKey),
    ...of('presharedkey', checkKey),
    ...of('persistentkeepalive', (_, entry) => refused(subject, entry, 'bad-keepalive', readKeepalive)),
    ...of('allowedips', checkAllowedIps),
    ...of('endpoint', checkEndpoint),
  ]
}

type Check = (subject: Subject, entry: Entry) => Diagnostic[]

/** The finding for a value that wg's reader refuses. */
const refused = (
  subject: Subject,
  entry: Entry,
  code: string,
  read: (value: string) => unknown,
): Diagnostic[] => {
  try {
    read(squeeze(entry.value.text))
    return []
  } catch (error) {
    if (!isWgqError(error)) throw error
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    return [
      { code, severity: 'error', ...spot(subject, entry, entry.value), message: error.message, ...hint },
    ]
  }
}

const checkKey: Check = (subject, entry) =>
  refused(subject, entry, 'bad-key', readKey).map((finding) => {
    const hint = keyHint(squeeze(entry.value.text))
    return hint === undefined ? finding : { ...finding, hint }
  })

/** Guesses how a key was damaged on its way into the file. */
const keyHint = (text: string): string | undefined => {
  if (isKey(`${text}=`)) return 'the "=" at its end is missing'
  const urlSafe = text.replaceAll('-', '+').replaceAll('_', '/')
  if (urlSafe !== text && isKey(urlSafe))
    return 'it is in the URL alphabet: replace "-" by "+" and "_" by "/"'
  if (/^["'].*["']$/.test(text)) return 'quotes are not removed: write the key without them'
  if (/^[0-9a-fA-F]{64}$/.test(text)) return 'it is hexadecimal; wg wants base64'
  if (text.length === 44) return 'it has 44 characters, but they are not 32 bytes in base64: copy it again'
  return undefined
}

const checkPort: Check = (subject, entry) => {
  const value = squeeze(entry.value.text)
  const strict = refused(subject, entry, 'bad-port', (text) => readPort(text, strictPort()))
  const taken = strict.length > 0 ? glibcPort()(value) : undefined
  if (taken === undefined) return strict
  const message = `A port is 0 to 65535: wg silently uses ${taken} instead`
  return strict.map((finding) => ({ ...finding, severity: 'warning', message }))
}

const checkAllowedIps: Check = (subject, entry) =>
  listItems(entry.value).flatMap((item): Diagnostic[] => {
    const place = { severity: 'error', ...spot(subject, entry, item) } as const
    if (item.text === '') {
      const message = 'There is nothing between this comma and the next, or the end of the line'
      return [{ code: 'stray-comma', ...place, message, hint: 'remove the comma' }]
    }
    if (/[0-9a-f:][\t-\r ]+[0-9a-f:]/i.test(item.text)) {
      const message = 'Two allowed IPs without a comma between them: wg reads them as one word'
      return [{ code: 'missing-comma', ...place, message, hint: 'put a comma between them' }]
    }
    const only = { ...entry, value: item }
    return refused(subject, only, 'bad-allowed-ip', (text) => readAllowedIps(text, () => {}))
  })

const checkEndpoint: Check = (subject, entry) => {
  const found = refused(subject, entry, 'bad-endpoint', splitEndpoint)
  if (found.length > 0) return found
  const value = squeeze(entry.value.text)
  const { host, port } = splitEndpoint(value)
  const place = spot(subject, entry, entry.value)
  if (/^[a-z]+:\/\//i.test(value)) {
    const message = 'An endpoint is HOST:PORT, not a URL'
    return [{ code: 'bad-endpoint', severity: 'error', ...place, message, hint: 'remove the scheme' }]
  }
  if (host.includes(',')) {
    const message = 'A peer has one endpoint: wg takes all of this for its name'
    const hint = 'keep one of them; `wgq watch --reresolve` follows a name that has several addresses'
    return [{ code: 'bad-endpoint', severity: 'error', ...place, message, hint }]
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is asked for
  if (/[^\x00-\x7f]/.test(host)) {
    const message = `wg does not translate names that are not ASCII: "${host}" is not found`
    const ascii = asciiName(host)
    const hint = ascii === undefined ? 'write the name in its ASCII form, xn--…' : `write ${ascii}:${port}`
    return [{ code: 'bad-endpoint', severity: 'warning', ...place, message, hint }]
  }
  if (host === '') {
    const message = 'An endpoint needs a host before ":PORT"'
    return [{ code: 'bad-endpoint', severity: 'error', ...place, message }]
  }
  const strange = strangeInHost(host)
  if (strange !== undefined) {
    const message = `No host name has ${JSON.stringify(strange)} in it: it cannot be looked up`
    return [{ code: 'bad-endpoint', severity: 'warning', ...place, message }]
  }
  if (!value.startsWith('[') && host.includes(':')) {
    const message = `wg takes "${host}" for the address and "${port}" for the port`
    const hint = `write [${host}]:${port}, or with another port if the last group belongs to the address`
    return [{ code: 'endpoint-unbracketed', severity: 'warning', ...place, message, hint }]
  }
  const useless = uselessEndpoint(host, port)
  if (useless !== undefined)
    return [{ code: 'bad-endpoint', severity: 'warning', ...place, message: useless }]
  if (strictPort()(port) !== undefined) return []
  const taken = glibcPort()(port)
  if (taken !== undefined) {
    const message = `A port is 0 to 65535: wg silently uses ${taken} instead`
    return [{ code: 'bad-endpoint', severity: 'warning', ...place, message }]
  }
  const message = 'The port of an endpoint is 0 to 65535 or the name of a UDP service'
  return [{ code: 'bad-endpoint', severity: 'error', ...place, message }]
}

/** Why no packet to an endpoint arrives, or no name is found, although wg accepts it; undefined if there is no reason. */
const uselessEndpoint = (host: string, port: string): string | undefined => {
  if (/^0+$/.test(port)) return 'Port 0 is no port that a peer can listen on'
  if (
    /^(?:0\.0\.0\.0|::|255\.255\.255\.255)$/.test(host) ||
    (/^(?:22[4-9]|23[0-9])\.|^ff/i.test(host) && parseIp(host))
  )
    return `${host} is not the address of one machine`
  if (parseIp(host) || host.includes(':')) return undefined
  if (/^[0-9]+(?:\.[0-9]+){3}$/.test(host))
    return `"${host}" is not an address: its numbers are 0 to 255, without zeros in front`
  const labels = host.replace(/\.$/, '').split('.')
  if (labels.includes(''))
    return `No host name has two dots together, or one in front: "${host}" cannot be looked up`
  if (labels.some((label) => label.length > 63) || host.length > 253)
    return 'A host name has at most 253 characters, 63 between two dots: it cannot be looked up'
  return undefined
}

/** The name in the form used by DNS (RFC 5890); undefined if it cannot be a name. */
const asciiName = (host: string): string | undefined =>
  URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : undefined

/** wg removes white space inside values too. */
const squeeze = (text: string): string => text.replace(/[\t-\r ]+/g, '')
