// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import { replaceResolverFile, restoreResolverFile } from './file.ts'
import { resolverLines } from './resolvconf.ts'
import type { DnsTools } from './tools.ts'

/** A program to run for name servers, and its input. */
interface DnsCall {
  readonly program: string
  readonly args: readonly string[]
  readonly input?: string
}

/**
 * Sets or unsets name servers: returns the programs to run in order. If the file itself is the manager, writes it here
 * and returns none; raises the system's error if that fails.
 */
export const actDns = (
  op: Extract<Op, { do: 'dns.set' | 'dns.unset' }>,
  { filesUnder = '' }: Pick<DnsTools, 'filesUnder'>,
): DnsCall[] => {
  const [kind, detail] = splitManager(op.manager)
  if (kind === 'resolvconf') return [callResolvconf(op, `${detail}${op.dev}`)]
  if (kind === 'resolvectl') return callResolvectl(op)
  if (op.do === 'dns.set') replaceResolverFile(filesUnder + detail, op.dev, op)
  else restoreResolverFile(filesUnder + detail, op.dev)
  return []
}

/** Kind and detail of a manager's name: `resolvconf:tun.` has kind `resolvconf` and detail `tun.`. */
export const splitManager = (manager: string): [kind: string, detail: string] => {
  const colon = manager.indexOf(':')
  return colon < 0 ? [manager, ''] : [manager.slice(0, colon), manager.slice(colon + 1)]
}

/** Says whether a tunnel's servers get only names of some domains: one is written `~DOMAIN`, as in systemd. */
export const isSplit = (search: readonly string[]): boolean => search.some((domain) => domain.startsWith('~'))

const callResolvconf = (op: Extract<Op, { do: 'dns.set' | 'dns.unset' }>, record: string): DnsCall =>
  op.do === 'dns.unset'
    ? { program: 'resolvconf', args: ['-d', record, '-f'] }
    : {
        program: 'resolvconf',
        // Private servers are queried only for names of their domains (resolvconf(8), openresolv's).
        args: ['-a', record, ...(isSplit(op.search) ? ['-p'] : ['-m', '0', '-x'])],
        input: resolverLines(
          op.servers,
          op.search.map((domain) => domain.replace(/^~/, '')),
        ),
      }

/** `~.` sends all names to the tunnel's servers, as resolvconf's -x does; without it only names of some domains. */
const callResolvectl = (op: Extract<Op, { do: 'dns.set' | 'dns.unset' }>): DnsCall[] =>
  op.do === 'dns.unset'
    ? [{ program: 'resolvectl', args: ['revert', op.dev] }]
    : [
        { program: 'resolvectl', args: ['dns', op.dev, ...op.servers] },
        {
          program: 'resolvectl',
          args: ['domain', op.dev, ...(isSplit(op.search) ? [] : ['~.']), ...op.search],
        },
      ]
