// SPDX-License-Identifier: MIT
import { numberOfTable } from '@wgq/backends/linux/table-names'
import { splitManager } from '@wgq/dns/act'
import { readDns } from '@wgq/dns/answer'
import { isResolverFileHeld } from '@wgq/dns/file'
import { planFirewallRemoval } from '@wgq/firewall/default-route/choose'
import type { Cidr } from '@wgq/model/cidr'
import { isWgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import { sayInaccessible } from '../inaccessible.ts'
import { isManagerGone, managerFor, planDns, planDnsRemoval } from '../name-servers/plan.ts'
import { setDns } from '../name-servers/set.ts'
import { act } from '../run/act.ts'
import { Failure } from '../run/failure.ts'
import { expandHook } from '../run/hooks.ts'
import { spell } from '../run/spell.ts'
import type { Session } from '../session.ts'
import { ownExceptions } from '../state/exception-rules.ts'
import { notedFloors, planFloorRemoval } from '../state/floors.ts'
import { isSetByHook } from '../state/mentioned.ts'
import { isDefault, planMainRoutes, readRouting } from '../state/routes.ts'
import { allRules, isSuppress, planJournalRules, planMarkRules, spelled } from '../state/rules.ts'
import { addLink } from './linux/add-link.ts'
import { daemonEnd } from './linux/daemon-end.ts'
import { setDefaultRoutes } from './linux/default-routes.ts'
import { chooseMtu } from './linux/mtu.ts'
import { restoreSysctls } from './linux/sysctls.ts'
import type { System } from './system.ts'

/** Linux: rtnetlink, policy rules, namespaces, nftables (spec wg-quick §6, §7). */
export const linux: System = {
  name: 'linux',
  mainTable: 254,
  takesDefaultBy: 'rules',
  dnsGoesFirst: false,
  forgets: false,

  refuseUnsupported: () => {},
  realName: async ({ name, dependencies }) => ((await dependencies.host.link(name)) ? name : undefined),

  // If another program has written the file since, nothing is restored.
  spell: (op, session) => {
    const { filesUnder = '' } = session.dependencies
    if (isManagerGone(op, session)) return undefined
    const [kind, path] = op.do === 'dns.unset' ? splitManager(op.manager) : []
    const stays = kind === 'file' && op.do === 'dns.unset' && !isResolverFileHeld(filesUnder + path, op.dev)
    return stays ? undefined : spell(op)
  },
  act,
  applyToHost: async (ops, session, say) => {
    // The lines of a batch are printed afterwards, so that they end with the operation that failed.
    const alone = ops.length === 1
    if (alone) echo(ops, session)
    try {
      await session.dependencies.host.apply(ops)
    } catch (error) {
      if (!isWgqError(error)) throw error
      const applied = (error as { applied?: number }).applied ?? 0
      if (!alone) echo(ops.slice(0, applied + 1), session)
      say(`${error.message}\n`)
      throw new Failure(error.exitCode, applied)
    }
    if (!alone) echo(ops, session)
    for (const op of ops) if (op.do === 'link.delete') await daemonEnd(session, op.name)
  },
  // A firewall tool may have loaded one table of two; removal first reads which exist. Without any tool, removal of a
  // kill switch fails: its note would stay for good.
  leavesPart: ({ do: what }, hasBegun) =>
    what === 'firewall.load' ||
    what === 'gateway.on' ||
    (hasBegun && (what === 'killswitch.on' || what === 'aside.on')),
  planHooks: ({ name }, _real, hooks) =>
    hooks.map((text) => ({ do: 'hook.run', command: expandHook(text, name) })),

  addLink,
  chooseMtu,
  setDns,
  planMainRoutes: async ({ name, dependencies }, _real, allowedIps) => {
    const existing: Cidr[] = []
    for (const family of [4, 6] as const) {
      if (!allowedIps.some((cidr) => cidr.family === family)) continue
      existing.push(...(await dependencies.host.routes({ family, dev: name })).map(({ dst }) => dst))
    }
    return planMainRoutes(name, allowedIps, existing)
  },
  takeDefaults: (run, device, defaults) => setDefaultRoutes(run, device, defaults),

  beforeLinkGoes: async (run, journal) => {
    const { session } = run
    if (!(await session.dependencies.host.link(session.name))) await sayInaccessible(session)
    await run.perform(await planRules(session, journal?.undo))
  },
  deleteLink: (run, name) => run.perform([{ do: 'link.delete', name }]),
  afterLinkWent: async (run) => {
    const noted = notedFloors(run.keeper?.journal.undo ?? [])
    const floors = await planFloorRemoval(run.session.dependencies.host, noted)
    return run.attempt([...floors, ...(await planFirewallRemoval(run.session.dependencies, run.name))])
  },
  undoBeforeLink: async (run) => {
    const { session, keeper } = run
    const noted = keeper?.journal.undo ?? []
    const statuses = [
      noted.some((op) => op.do === 'firewall.unload')
        ? await run.attempt(await planFirewallRemoval(session.dependencies, session.name))
        : 0,
      noted.some((op) => op.do === 'rule.delete')
        ? await run.attempt(planJournalRules(noted, await allRules(session.dependencies.host)))
        : 0,
      await run.attempt(await planFloorRemoval(session.dependencies.host, notedFloors(noted))),
    ]
    restoreSysctls(run)
    return statuses.find((status) => status !== 0) ?? 0
  },
  undoAfterLink: async ({ session, keeper }) => {
    const { daemon, linkIndex } = keeper?.journal ?? {}
    if (daemon !== undefined && linkIndex !== undefined) await daemonEnd(session, session.name)
    return 0
  },
  tableNumber: (table) => (table === undefined ? undefined : numberOfTable(table)),
  wantedDns: async (session) => {
    const [op] = planDns(session)
    return op?.do === 'dns.set' ? { manager: op.manager, servers: op.servers, search: op.search } : undefined
  },
  readDns: async (session, journal) => {
    const noted = journal?.undo.find((op) => op.do === 'dns.unset')
    const asks = session.settings.dnsServers.length > 0
    // What `up` did not set belongs to a hook, or to somebody else.
    if (!noted && !asks && (journal || isSetByHook(session.settings, /resolv/i))) return undefined
    const choice = noted ?? managerFor(session)
    if (!('manager' in choice)) return undefined
    const { dnsServers = [], dnsSearch = [] } = journal?.configured ?? {}
    const given = noted && { servers: dnsServers, search: dnsSearch }
    return readDns(session.dependencies, session.name, choice.manager, given)
  },
  keepEndpoints: async () => {},
  // systemd-resolved drops a link's settings when it is deleted, and rejects its name afterwards.
  planDnsRemoval: (session, journal) =>
    planDnsRemoval(session, journal).filter((op) => op.do !== 'dns.unset' || op.manager !== 'resolvectl'),
}

const echo = (ops: readonly Op[], session: Session): void => {
  const lines = ops.map(spell).filter((line) => line !== undefined)
  if (lines.length > 0) session.dependencies.print(lines.map((line) => `[#] ${line}\n`).join(''))
}

/** With a journal the noted rules, else (upstream's `up`) those of the device's mark if it has a default route. */
const planRules = async (session: Session, noted: readonly Op[] | undefined): Promise<Op[]> => {
  if (noted) {
    if (!noted.some((op) => op.do === 'rule.delete')) return []
    const present = await allRules(session.dependencies.host)
    const ours = planJournalRules(noted, present)
    // Rules of a run whose journal was lost have the same mark.
    const marks = new Set(noted.flatMap((op) => (op.do === 'rule.delete' ? (op.rule.notFwmark ?? []) : [])))
    const more = [...marks].flatMap((mark) => planMarkRules(mark, present))
    const known = new Set(ours.map((op) => JSON.stringify(op)))
    return [...ours, ...more.filter((op) => !known.has(JSON.stringify(op)))]
  }
  if (readRouting(session.settings.table?.value).to !== 'auto') return []
  const device = await session.dependencies.devices.read(session.name).catch(() => undefined)
  const hasDefault = device?.peers.some((peer) => peer.allowedIps.some(isDefault))
  if (!device || device.fwmark === 0 || !hasDefault) return []
  const table = device.fwmark
  const floors = ([4, 6] as const).map((family) => ({ family, table }))
  const present = await allRules(session.dependencies.host)
  const rules = planMarkRules(table, present)
  const suppress = rules.flatMap((op) => (op.do === 'rule.delete' && isSuppress(op.rule) ? op.rule : []))
  return [
    ...rules,
    ...ownExceptions(present, undefined, suppress, session.exceptions?.allow ?? []).map(
      (rule): Op => ({ do: 'rule.delete', rule: spelled(rule) }),
    ),
    ...(await planFloorRemoval(session.dependencies.host, floors)),
  ]
}
