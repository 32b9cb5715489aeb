// SPDX-License-Identifier: MIT
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { renameOver, replaceConfigFile } from '@wgq/config/replace-file'
import type { Settings } from '@wgq/config/settings'
import { encodeSource } from '@wgq/config/source'
import { readResolvconf } from '@wgq/dns/resolvconf'
import { formatCidr, parseCidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { LinkAddress } from '@wgq/model/host'
import { notWireGuard } from './not-wireguard.ts'
import { readJournal } from './run/journal.ts'
import { sessionOf } from './run/namespace.ts'
import type { Running } from './save-in-place.ts'
import { savedParts } from './save-parts.ts'
import type { Session } from './session.ts'
import { isSetByHook } from './state/mentioned.ts'
import { allRules } from './state/rules.ts'
import { isRandomPort } from './state/wanted.ts'

/**
 * wg-quick save: writes the running state into the configuration file. Resolves to the exit status. Raises
 * `E_NOT_WIREGUARD` if the interface does not run, `E_SAVE` if the file cannot be written.
 */
export const saveRunning = async (session: Session): Promise<number> => {
  const inside = await sessionOf(session, readJournal(session.runDirectory, session.name))
  const real = (await session.system.realName(session)) ?? session.name
  if (inside === session && !(await session.dependencies.devices.list()).includes(real))
    throw notWireGuard(session.name)
  await save({ ...inside, name: real })
  return 0
}

/**
 * Saves a running interface; see {@link saveRunning}. Called as wgq it changes only the lines whose values differ, and
 * keeps the previous file as `NAME.conf.bak`; called as wg-quick it rewrites the file like upstream.
 */
export const save = async (session: Session): Promise<void> => {
  const { name, dependencies, settings } = session
  const addresses = savedAddresses(await dependencies.host.addresses(name), settings)
  // OpenBSD keeps no name servers per interface: they stay as configured (spec bsd §5.1).
  const servers = session.system.dnsGoesFirst
    ? settings.dnsServers.map(({ value }) => value)
    : await readResolvconf(dependencies, name)
  const mtu = settings.mtu === undefined ? undefined : (await dependencies.host.link(name))?.mtu
  dependencies.print(`[#] wg showconf ${name}\n`)
  const device = await withoutOwnMark(session, await dependencies.devices.read(name))
  if (session.style === 'wgq') {
    const running = { device, addresses, mtu, adds: setByHand(session, device) }
    for (const { path, before, after } of await savedParts(session.configPath, running)) {
      if (session.takeSaved) session.takeSaved(after.text, path)
      else if (after.text !== before.text) replaceKept(path, encodeSource(after), encodeSource(before))
    }
    return
  }
  const running = dependencies.formatConf(device)
  const head = savedHead({ settings, addresses, servers, mtu })
  // By position, not by pattern: in bash 5.2 "&" in a replacement means the match (spec wg-quick §9).
  const text = `${head}${running.slice('[Interface]\n'.length)}`.replace(/\n+$/, '\n')
  replaceAsUpstream(session.configPath, Buffer.from(text))
}

/**
 * The addresses of the interface, except link-local ones that are not in the file: the kernel makes those for a TUN,
 * and makes others next time.
 */
const savedAddresses = (present: readonly LinkAddress[], settings: Settings): string[] => {
  const asked = new Set(settings.addresses.map(({ value }) => parseCidr(value)?.address))
  return present
    .filter(({ cidr, scope }) => cidr.family === 4 || scope !== 'link' || asked.has(cidr.address))
    .map(({ cidr }) => formatCidr(cidr))
}

/**
 * The device without a mark that `up` chose, for a default route or a kill switch: a saved mark would be used even if it
 * is taken by then.
 */
const withoutOwnMark = async (session: Session, device: Device): Promise<Device> => {
  const { dependencies, settings, runDirectory, name } = session
  if (device.fwmark === 0 || /^\s*fwmark\s*=/im.test(settings.wgConfig)) return device
  if (session.killSwitch || device.fwmark === readJournal(runDirectory, name)?.mark)
    return { ...device, fwmark: 0 }
  const rules = await allRules(dependencies.host)
  const chosen = rules.some(({ notFwmark, table }) => notFwmark === device.fwmark && table === notFwmark)
  return chosen ? { ...device, fwmark: 0 } : device
}

/** Says which values of the interface somebody has set while it ran: not the kernel, not `up`, and no hook. */
const setByHand = (
  { system, settings }: Session,
  { listenPort, fwmark }: Device,
): NonNullable<Running['adds']> => ({
  // Random ports of the BSDs may be any.
  listenPort:
    system.name === 'linux' &&
    listenPort !== 0 &&
    !isRandomPort(listenPort) &&
    !isSetByHook(settings, /listen-port|conf\b/),
  fwmark: fwmark !== 0 && !isSetByHook(settings, /fwmark|conf\b/),
})

/** The contents of the head of a saved file. */
interface SavedHead {
  readonly settings: Settings
  /** `ADDRESS/LENGTH` as the interface has them. */
  readonly addresses: readonly string[]
  readonly servers: readonly string[]
  /** Present when the file sets one. */
  readonly mtu: number | undefined
}

/** The lines that wg-quick puts before the output of `wg showconf`; `%i` stays unexpanded. */
const savedHead = ({ settings, addresses, servers, mtu }: SavedHead): string => {
  const { hooks, table, saveConfig } = settings
  const lines = [
    '[Interface]',
    ...addresses.map((address) => `Address = ${address}`),
    ...servers.map((server) => `DNS = ${server}`),
    ...(mtu === undefined ? [] : [`MTU = ${mtu}`]),
    ...(table === undefined ? [] : [`Table = ${table.value}`]),
    ...(saveConfig ? ['SaveConfig = true'] : []),
    ...hooks.preUp.map(({ value }) => `PreUp = ${value}`),
    ...hooks.postUp.map(({ value }) => `PostUp = ${value}`),
    ...hooks.preDown.map(({ value }) => `PreDown = ${value}`),
    ...hooks.postDown.map(({ value }) => `PostDown = ${value}`),
  ]
  return `${lines.join('\n')}\n`
}

/** Writes the file as upstream: by renaming only, with mode 0600. */
const replaceAsUpstream = (path: string, bytes: Buffer): void => {
  try {
    renameOver(path, bytes)
  } catch (cause) {
    const step = (cause as NodeJS.ErrnoException).syscall === 'rename' ? 'move' : 'write'
    throw new WgqError('E_SAVE', `Could not ${step} configuration file`, { cause })
  }
}

/** Keeps the previous text as `PATH.bak`, and an older one only if the file cannot be written. */
const replaceKept = (path: string, bytes: Buffer, before: Buffer): void => {
  const backup = `${path}.bak`
  const older = existsSync(backup) ? readFileSync(backup) : undefined
  const isKept = succeeds(() => replaceConfigFile(backup, before))
  try {
    replaceConfigFile(path, bytes, before)
  } catch (error) {
    if (isKept && older) replaceConfigFile(backup, older)
    else if (isKept) rmSync(backup, { force: true })
    throw new WgqError('E_SAVE', (error as Error).message, { cause: error, hint: readOnlyHint })
  }
}

/** A directory that accepts no new file may still allow writing the file itself. */
const succeeds = (work: () => void): boolean => {
  try {
    work()
    return true
  } catch {
    return false
  }
}

const readOnlyHint =
  'where the directory is read-only, `wgq save --dry-run` shows what to change in the original'
