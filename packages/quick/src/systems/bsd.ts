// SPDX-License-Identifier: MIT

import type { DnsState } from '@wgq/dns/state'
import { isWgqError, WgqError } from '@wgq/model/error'
import type { Family } from '@wgq/model/ip'
import type { Op } from '@wgq/model/operation'
import { act } from '../run/act.ts'
import { Failure } from '../run/failure.ts'
import { spell } from '../run/spell.ts'
import type { Session } from '../session.ts'
import { isDefault } from '../state/routes.ts'
import { addLink } from './bsd/add-link.ts'
import { configure } from './bsd/configure.ts'
import { deleteLink } from './bsd/delete-link.ts'
import { planHooks, runHook } from './bsd/hook.ts'
import { hostOf } from './bsd/host-of.ts'
import { keepEndpointRoutes, removeEndpointRoutes } from './bsd/keep-endpoint-routes.ts'
import { largestMtu } from './bsd/mtu.ts'
import { anyTun, startNumberedDaemon, stopDaemon } from './bsd/numbered-daemon.ts'
import { type BsdPlaces, realPlaces } from './bsd/places.ts'
import { whyNotUp } from './bsd/why-not-up.ts'
import type { System } from './system.ts'

type DnsSet = Extract<Op, { do: 'dns.set' }>
type DnsUnset = Extract<Op, { do: 'dns.unset' }>

/** What wg-quick does differently on each BSD, beyond the commands of the host. */
export interface BsdTraits extends Pick<System, 'name' | 'dnsGoesFirst' | 'forgets'> {
  /** What is in the `wg addconf` line for the configuration. */
  readonly configurationFile: string
  /** The system numbers interfaces; their description is the configuration's name. */
  readonly numbersInterfaces: boolean
  /** How operations name the manager of name servers. */
  readonly dnsManager: string
  /** Name servers to set; undefined if the system cannot. Prints nothing. */
  wantedDns(session: Session): Promise<DnsState | undefined>
  /** The operation that sets name servers; undefined if the system cannot, after printing so. */
  planDns(session: Session): Promise<DnsSet | undefined>
  /** Carries out an operation on name servers. Raises {@link Failure}. */
  actDns(op: DnsSet | DnsUnset, session: Session, resolvConf: string): Promise<void>
}

/** A BSD: ifconfig, route and netstat; no rules, marks, namespaces or kill switch (spec wg-quick §10, §11). */
export const bsdSystem = (traits: BsdTraits, places: BsdPlaces = realPlaces): System => ({
  name: traits.name,
  mainTable: 0,
  takesDefaultBy: 'halves',
  dnsGoesFirst: traits.dnsGoesFirst,
  forgets: traits.forgets,

  refuseUnsupported: ({ killSwitch, into, gateway, exceptions }) => {
    const refuse = (asked: string, hint: string): never => {
      throw new WgqError('E_UNSUPPORTED', `${asked} Linux, found ${traits.name}`, { hint })
    }
    if (killSwitch) refuse('The kill switch needs', 'Leave it out and block other ways in pf.conf(5)')
    if (into) refuse('Network namespaces need', 'Leave --netns out')
    if (gateway) refuse('Masquerading needs', 'Leave it out and write `nat on` into pf.conf(5)')
    if (exceptions)
      refuse(
        'KillSwitchAllow, ReplyOutside and Before need',
        'Leave them out and write `pass out` with route-to into pf.conf(5)',
      )
  },
  realName: (session) => hostOf(session).realName(session.name),

  spell: (op, session) => {
    if (op.do === 'hook.run' || op.do === 'device.change' || op.do === 'device.fwmark') return spell(op)
    if (op.do === 'daemon.start') return `${op.program} ${traits.numbersInterfaces ? anyTun : op.name}`
    if (op.do === 'daemon.stop') return `rm -f /var/run/wireguard/${realOf(session, op.name)}.sock`
    if (op.do === 'device.configure')
      return `wg addconf ${realOf(session, op.name)} ${traits.configurationFile}`
    return undefined
  },
  act: (op, session) => {
    if (op.do === 'dns.set' || op.do === 'dns.unset') return traits.actDns(op, session, places.resolvConf)
    if (op.do === 'hook.run') return runHook(op.command, session)
    if (op.do === 'daemon.start' && traits.numbersInterfaces) return startNumberedDaemon(op, session)
    if (op.do === 'daemon.stop') return stopDaemon(realOf(session, op.name), session)
    if (op.do === 'device.configure') return configure({ ...op, name: realOf(session, op.name) }, session)
    return act(op, session)
  },
  applyToHost: async (ops, session, say) => {
    const host = hostOf(session)
    for (const [applied, op] of ops.entries()) {
      try {
        await host.perform(op, (argv) => session.dependencies.print(`[#] ${argv.join(' ')}\n`))
      } catch (error) {
        if (!isWgqError(error) || (error.code !== 'E_HOST' && error.code !== 'E_NO_ADDRESS')) throw error
        say(`${error.code === 'E_NO_ADDRESS' ? `${session.program}: ` : ''}${error.message}\n`)
        const hint = await whyNotUp(op, error.message, session)
        if (hint !== undefined) say(`${session.program}: ${hint}\n`)
        throw new Failure(error.exitCode, applied)
      }
    }
  },
  // Only one half of a default route may have been added.
  leavesPart: (op) => op.do === 'route.add',
  planHooks: ({ name }, real, hooks) => planHooks(name, real, hooks),

  addLink,
  chooseMtu: async ({ dependencies, settings }, peers) =>
    settings.mtu?.value ?? String(await largestMtu(dependencies.host, peers)),
  setDns: async (run) => {
    const dns = await traits.planDns(run.session)
    if (dns) await run.perform([dns])
  },
  planMainRoutes: async ({ name, dependencies }, real, allowedIps) => {
    const ops: Op[] = []
    for (const dst of allowedIps) {
      if ((await dependencies.host.routeTo(`${dst.address}/${dst.prefixLength}`))?.dev === real) continue
      ops.push({ do: 'route.add', dev: name, dst })
    }
    return ops
  },
  takeDefaults: async (run, _device, defaults) => {
    await run.perform(defaults.map((dst) => ({ do: 'route.add', dev: run.name, dst })))
    const families = familiesOf(run.keeper?.journal.undo ?? [])
    if (families.length > 0) await keepEndpointRoutes(run, places, families)
  },

  beforeLinkGoes: async (run, journal) => {
    if (traits.dnsGoesFirst) await run.perform(planDnsRemoval(traits, run.session, journal?.undo))
  },
  deleteLink: (run, name) => deleteLink(run, places, name),
  afterLinkWent: async (run) => {
    await removeEndpointRoutes(run)
    return 0
  },
  undoBeforeLink: async () => 0,
  undoAfterLink: async (run) => {
    await removeEndpointRoutes(run)
    return 0
  },
  tableNumber: (table) => (table === undefined || Number.isNaN(Number(table)) ? undefined : Number(table)),
  wantedDns: (session) => traits.wantedDns(session),
  // The system does not list name servers by interface: uses what was applied.
  readDns: async (_session, journal) => {
    const { dnsServers: servers = [], dnsSearch: search = [] } = journal?.configured ?? {}
    const isSet = journal?.undo.some((op) => op.do === 'dns.unset')
    return isSet ? { manager: traits.dnsManager, servers, search } : undefined
  },
  keepEndpoints: async (run) => {
    const families = familiesOf(run.keeper?.journal.undo ?? [])
    if (families.length > 0) await keepEndpointRoutes(run, places, families)
    else await removeEndpointRoutes(run, 0)
  },
  planDnsRemoval: (session, journal) => planDnsRemoval(traits, session, journal?.undo),
})

/** The families whose default route the tunnel took. */
const familiesOf = (noted: readonly Op[]): Family[] =>
  noted.flatMap((op) =>
    op.do === 'route.delete' && op.table === undefined && isDefault(op.dst) ? [op.dst.family] : [],
  )

const planDnsRemoval = (traits: BsdTraits, session: Session, noted: readonly Op[] | undefined): Op[] => {
  const dev = session.name
  if (noted) return noted.filter((op) => op.do === 'dns.unset').slice(0, 1)
  const wanted = session.settings.dnsServers.length > 0
  return wanted ? [{ do: 'dns.unset', dev, manager: traits.dnsManager }] : []
}

const realOf = (session: Session, name: string): string => hostOf(session).knownName(name)
