// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Family } from '@wgq/model/ip'
import type { Op } from '@wgq/model/operation'
import { chooseDaemon } from '../daemon.ts'
import { configuredBy } from '../run/configured.ts'
import { Failure } from '../run/failure.ts'
import { JournalKeeper, makeRunDirectory, startJournal } from '../run/journal.ts'
import type { Session } from '../session.ts'
import { planAddresses } from '../state/addresses.ts'
import { isDefault, planTableRoutes, readRouting, sortedAllowedIps } from '../state/routes.ts'
import { planBsdHooks } from './hook.ts'
import { keepEndpointRoutes } from './keep-endpoint-routes.ts'
import { largestMtu } from './mtu.ts'
import { BsdRunner } from './runner.ts'
import type { BsdAround } from './system.ts'
import { recoverBsd, rollBackBsd } from './undo.ts'

/**
 * wg-quick up on a BSD: brings an interface up as its configuration says, or leaves the host as it was. Resolves to the
 * exit status. Raises `E_EXISTS` where there is such an interface already (spec wg-quick §10, §11).
 */
export const bsdUp = async (around: BsdAround): Promise<number> => {
  const { session } = around
  refuseUnsupported(session)
  makeRunDirectory(session.runDirectory)
  await recoverBsd(around)
  await refuseExisting(around)
  const keeper = new JournalKeeper(session.runDirectory, startJournal(session.name, session.configPath))
  try {
    await bringUp(around, keeper)
    keeper.update({ state: 'up' })
    return 0
  } catch (error) {
    return rollBackBsd(around, keeper, error)
  }
}

/** Better no tunnel than one whose user thinks that it is guarded or elsewhere. */
const refuseUnsupported = ({ killSwitch, into }: Session): void => {
  const asked = killSwitch
    ? 'The kill switch needs'
    : into === undefined
      ? undefined
      : 'Network namespaces need'
  if (asked === undefined) return
  throw new WgqError('E_UNSUPPORTED', `${asked} Linux, found ${process.platform}`, {
    hint: killSwitch ? 'Leave it out and block other ways in pf.conf(5)' : 'Leave --netns out',
  })
}

const refuseExisting = async ({ session: { name }, host }: BsdAround): Promise<void> => {
  const real = await host.realName(name)
  if (real === undefined) return
  const as = real === name ? '' : ` as \`${real}'`
  throw new WgqError('E_EXISTS', `\`${name}' already exists${as}`, {
    hint: `\`wgq down ${name}\` takes it down first`,
  })
}

const bringUp = async (around: BsdAround, keeper: JournalKeeper): Promise<void> => {
  const { session, host, system } = around
  const { name, settings, edges } = session
  const runner = new BsdRunner(around, keeper)
  await addLink(around, runner)
  const real = (await host.realName(name)) ?? name
  const link = await host.link(real)
  if (link) keeper.update({ linkIndex: link.index })
  await runner.perform(planBsdHooks(name, real, settings.hooks.preUp))
  await runner.perform([{ do: 'device.configure', name, configuration: `${settings.wgConfig}\n` }])
  await runner.perform(planAddresses(name, settings.addresses))
  const device = await edges.devices.read(real).catch(() => undefined)
  keeper.update({ configured: configuredBy(settings, device?.peers ?? []) })
  const mtu = settings.mtu?.value ?? String(await largestMtu(host, device?.peers ?? []))
  await runner.perform([{ do: 'link.up', dev: name, mtu }])
  const dns = await system.planDns(around)
  if (dns) await runner.perform([dns])
  const families = device ? await setRoutes(around, runner, device, real) : []
  if (families.length > 0) await keepEndpointRoutes(around, runner, real, families)
  await runner.perform(planBsdHooks(name, real, settings.hooks.postUp))
}

/** The kernel's driver, else (FreeBSD) a userspace daemon, unless the name is taken. */
const addLink = async (around: BsdAround, runner: BsdRunner): Promise<void> => {
  const { session, system } = around
  const { name, edges } = session
  const daemon = chooseDaemon(
    { WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go', ...edges.env },
    edges.find,
    session.binDirectory,
  )
  let text = ''
  const hold = (said: string): void => {
    text += said
  }
  try {
    await runner.perform([{ do: 'link.add', name }], hold)
  } catch (error) {
    const canFallBack = error instanceof Failure && system.hasFallback && !/File exists/.test(text)
    if (!canFallBack || !daemon) {
      edges.print(text)
      throw error
    }
    edges.print(
      `[!] Missing WireGuard kernel support (${text.trim()}). Falling back to slow userspace implementation.\n`,
    )
    const { program, embedded } = daemon
    await runner.perform([{ do: 'daemon.start', name, program, embedded }])
  }
}

/** Routes for the allowed IPs, longest prefix first; resolves to the families whose default route was taken over. */
const setRoutes = async (
  around: BsdAround,
  runner: BsdRunner,
  device: Device,
  real: string,
): Promise<Family[]> => {
  const { session, host } = around
  const { name, settings } = session
  const routing = readRouting(settings.table?.value)
  const allowedIps = sortedAllowedIps(device.peers)
  if (routing.to === 'off') return []
  if (routing.to === 'table') {
    await runner.perform(planTableRoutes(name, routing.table, allowedIps))
    return []
  }
  const families: Family[] = []
  for (const dst of allowedIps) {
    const route: Op = { do: 'route.add', dev: name, dst }
    if (isDefault(dst)) families.push(dst.family)
    else if ((await host.routeTo(`${dst.address}/${dst.prefixLength}`))?.dev === real) continue
    await runner.perform([route])
  }
  return families
}
