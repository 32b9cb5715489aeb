// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs'
import type { Session } from '../../session.ts'
import type { BsdTraits } from '../bsd.ts'
import { wantedDns } from './dns.ts'
import { hostOf } from './host-of.ts'
import { runTool } from './tool.ts'

/** resolvd accepts at most this many servers of one interface (route(8), nameserver). */
const mostServers = 5

/**
 * Passes name servers to resolvd(8) through the interface. Needs one of the two daemons that manage resolv.conf, and
 * prints so: both may query other servers as well (spec wg-quick §11).
 */
export const resolvdDns: Pick<BsdTraits, 'dnsManager' | 'wantedDns' | 'planDns' | 'actDns'> = {
  dnsManager: 'resolvd',
  // If neither runs, nothing can be unset; `up` has reported it.
  wantedDns: async (session) =>
    (await isRunning(session, 'unwind')) || (await isRunning(session, 'resolvd'))
      ? wantedDns(session, 'resolvd')
      : undefined,
  planDns: async (session) => {
    const wanted = wantedDns(session, 'resolvd')
    if (!wanted) return undefined
    const { print } = session.dependencies
    if (await isRunning(session, 'unwind')) print('[!] WARNING: unwind will leak DNS queries\n')
    else if (await isRunning(session, 'resolvd')) print('[!] WARNING: resolvd may leak DNS queries\n')
    else {
      print('[+] resolvd is not running, DNS will not be configured\n')
      return undefined
    }
    return wanted
  },
  // Keep a copy of resolv.conf, add the search domains, pass the servers to resolvd.
  actDns: async (op, session, resolvConf) => {
    const backup = `${resolvConf}.wg-quick-backup.${op.dev}`
    const real = (await hostOf(session).realName(op.dev)) ?? op.dev
    if (op.do === 'dns.unset') {
      await runTool(session, ['route', 'nameserver', real])
      return runTool(session, ['mv', backup, resolvConf])
    }
    await runTool(session, ['cp', resolvConf, backup])
    if (op.search.length > 0) writeFileSync(resolvConf, `search ${op.search.join(' ')}\n`)
    await runTool(session, ['route', 'nameserver', real, ...op.servers.slice(0, mostServers)])
  },
}

/** Says whether a daemon runs. */
const isRunning = async (session: Session, daemon: string): Promise<boolean> =>
  (await hostOf(session).runner.run(['pgrep', '-qx', daemon])).status === 0
