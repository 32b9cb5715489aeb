// SPDX-License-Identifier: MIT
import { resolverLines } from '../dns/resolvconf.ts'
import { Failure } from '../run/failure.ts'
import type { BsdAround, BsdSystem } from './system.ts'

/** Name servers through openresolv, as FreeBSD has it and NetBSD in its base (spec bsd §6). */
export const resolvconfDns: Pick<BsdSystem, 'planDns' | 'setDns' | 'unsetDns'> = {
  planDns: async ({ session: { name, settings } }) => {
    if (settings.dnsServers.length === 0) return undefined
    return {
      do: 'dns.set',
      dev: name,
      manager: 'resolvconf',
      servers: settings.dnsServers.map(({ value }) => value),
      search: settings.dnsSearch.map(({ value }) => value),
    }
  },
  setDns: (op, around) => runResolvconf(around, ['-a', op.dev, '-x'], resolverLines(op.servers, op.search)),
  unsetDns: (op, around) => runResolvconf(around, ['-d', op.dev]),
}

const runResolvconf = async (
  { session, host }: BsdAround,
  args: readonly string[],
  stdin?: string,
): Promise<void> => {
  const argv = ['resolvconf', ...args]
  session.edges.print(`[#] ${argv.join(' ')}\n`)
  const { status, stderr } = await host.runner.run(argv, stdin === undefined ? {} : { stdin })
  if (stderr !== '') session.edges.print(stderr)
  if (status !== 0) throw new Failure(status)
}
