// SPDX-License-Identifier: MIT
import { parseCidr } from '@wgq/model/cidr'
import type { Diagnostic } from '../diagnostic.ts'
import { isDomain, isNameServer } from '../dns-domain.ts'
import type { Setting } from '../settings.ts'
import type { Rule, Subject } from './subject.ts'
import { spot } from './subject.ts'

/** DNS: settings without effect, and names that are resolved outside the tunnel. */
export const dnsRules: Rule = (subject) => {
  if (subject.purpose === 'setconf') return []
  const { dnsServers, dnsSearch } = subject.settings
  return [
    ...dnsServers.flatMap(checkServer),
    ...(dnsServers.length === 0 ? dnsSearch.slice(0, 1).map(searchOnly) : []),
    ...dnsSearch.flatMap(checkSearch),
    ...outside(subject),
  ]
}

const place = ({ value, at }: Setting) => ({ at, width: value.length })

/** wg-quick treats every word with a colon as a server address. */
const checkServer = (server: Setting): Diagnostic[] => (isNameServer(server.value) ? [] : bad(server))

const searchOnly = (domain: Setting): Diagnostic => ({
  code: 'dns-search-only',
  severity: 'warning',
  ...place(domain),
  message: 'Search domains without a name server have no effect',
  hint: 'add the address of a name server to DNS',
})

const checkSearch = (domain: Setting): Diagnostic[] => (isDomain(domain.value) ? [] : bad(domain))

const bad = (word: Setting): Diagnostic[] => {
  const isUrl = /^[a-z]+:\/\//i.test(word.value)
  const isPattern = !isUrl && /[*?[/]/.test(word.value)
  const more = isUrl
    ? '; the URL of a resolver is not understood'
    : isPattern
      ? '; wg-quick looks for files of this name'
      : ''
  const message = `"${word.value}" is neither the address of a name server nor a domain${more}`
  const hint = 'write addresses, search domains, and ~DOMAIN for names that alone go to these servers'
  const severity = isPattern ? 'warning' : 'error'
  return [{ code: 'bad-dns', severity, ...place(word), message, hint }]
}

const outside = (subject: Subject): Diagnostic[] => {
  if (subject.settings.table?.value === 'off') return []
  const { dnsServers } = subject.settings
  const allowed = subject.peers.flatMap((peer) => peer.allowedIps)
  const everything = allowed.find(({ cidr }) => cidr.prefixLength === 0)
  if (everything && dnsServers.length === 0) {
    const message =
      'All traffic goes through the tunnel, but names are still asked for where they were before'
    const hint = 'set DNS to a name server behind the tunnel'
    const at = spot(subject, everything.entry, everything.span)
    return [{ code: 'full-tunnel-without-dns', severity: 'info', ...at, message, hint }]
  }
  return dnsServers.flatMap((server): Diagnostic[] => {
    const address = server.value.includes('/') ? undefined : parseCidr(server.value)
    if (!address || allowed.length === 0 || subject.allowed.covering(address)) return []
    if (isLoopback(server.value)) return []
    const message = `No peer's AllowedIPs contain ${server.value}: every name is asked for outside the tunnel`
    const hint = `add ${server.value}/${address.prefixLength} to AllowedIPs, or use a server behind the tunnel`
    const severity = everything ? 'warning' : 'info'
    return [{ code: 'dns-outside-tunnel', severity, ...place(server), message, hint }]
  })
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'
