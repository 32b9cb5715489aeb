// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs'
import type { BsdAround, BsdSystem } from '../bsd/system.ts'
import { Failure } from '../run/failure.ts'

/** resolvd takes at most this many servers of one interface (route(8), nameserver). */
const mostServers = 5

/**
 * Name servers go to resolvd(8) by way of the interface. Needs one of the two daemons that hold resolv.conf, and says so:
 * both may ask other servers as well (spec wg-quick §11).
 */
export const planResolvd: BsdSystem['planDns'] = async ({ session, host }) => {
  const { name, settings, edges } = session
  if (settings.dnsServers.length === 0) return undefined
  const isRunning = async (daemon: string): Promise<boolean> =>
    (await host.runner.run(['pgrep', '-qx', daemon])).status === 0
  if (await isRunning('unwind')) edges.print('[!] WARNING: unwind will leak DNS queries\n')
  else if (await isRunning('resolvd')) edges.print('[!] WARNING: resolvd may leak DNS queries\n')
  else {
    edges.print('[+] resolvd is not running, DNS will not be configured\n')
    return undefined
  }
  return {
    do: 'dns.set',
    dev: name,
    manager: 'resolvd',
    servers: settings.dnsServers.map(({ value }) => value),
    search: settings.dnsSearch.map(({ value }) => value),
  }
}

/** Keeps a copy of resolv.conf, puts the search domains in, hands the servers to resolvd. */
export const setResolvd: BsdSystem['setDns'] = async (op, around) => {
  const { resolvConf } = around
  await perform(around, ['cp', resolvConf, backupOf(around, op.dev)])
  if (op.search.length > 0) writeFileSync(resolvConf, `search ${op.search.join(' ')}\n`)
  await perform(around, [
    ...['route', 'nameserver', await realName(around, op.dev)],
    ...op.servers.slice(0, mostServers),
  ])
}

/** Withdraws the servers and moves the copy back. */
export const unsetResolvd: BsdSystem['unsetDns'] = async (op, around) => {
  await perform(around, ['route', 'nameserver', await realName(around, op.dev)])
  await perform(around, ['mv', backupOf(around, op.dev), around.resolvConf])
}

const backupOf = ({ resolvConf }: BsdAround, name: string): string => `${resolvConf}.wg-quick-backup.${name}`

const realName = async ({ host }: BsdAround, name: string): Promise<string> =>
  (await host.realName(name)) ?? name

const perform = async ({ session, host }: BsdAround, argv: readonly string[]): Promise<void> => {
  session.edges.print(`[#] ${argv.join(' ')}\n`)
  const { status, stderr } = await host.runner.run(argv)
  if (stderr !== '') session.edges.print(stderr)
  if (status !== 0) throw new Failure(status)
}
