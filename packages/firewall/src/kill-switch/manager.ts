// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import { filteredFamilies } from '../calls.ts'
import { readNftTables, saveOf } from '../listings.ts'
import type { KillSwitchState } from '../state.ts'
import type { FilterTools } from '../tools.ts'
import { readIptablesKillSwitch } from './iptables-text.ts'
import { killSwitchTable, readKillSwitchTable } from './nft-text.ts'

/** The kill switch of an interface as the system has it; undefined where there is none, or one that is not complete. */
export const readKillSwitch = async (
  dependencies: FilterTools,
  dev: string,
): Promise<KillSwitchState | undefined> => {
  const table = killSwitchTable(dev)
  const text = (await readNftTables(dependencies, [table]))?.get(table)
  if (text !== undefined) return readKillSwitchTable(dev, text)
  const saved = await saveOf(dependencies, 4)
  const ipv4 = saved === undefined ? undefined : readIptablesKillSwitch(dev, 4, saved)
  if (ipv4 === undefined || !filteredFamilies(dependencies).includes(6)) return ipv4
  const ipv6 = readIptablesKillSwitch(dev, 6, (await saveOf(dependencies, 6)) ?? '')
  if (ipv6?.mark !== ipv4.mark || ipv6.alsoMark !== ipv4.alsoMark) return undefined
  const { mark, alsoMark } = ipv4
  const allow = bothAllow(ipv4.allow ?? [], ipv6.allow ?? [])
  const marks = { mark, ...(alsoMark === undefined ? {} : { alsoMark }) }
  return allow && { ...marks, resolvers: [...ipv4.resolvers, ...ipv6.resolvers], ...allow }
}

/** A kill switch once names of endpoints are known. Without a mark, answers cannot be distinguished from other packets. */
export const guarding = (mark: number, allowed: readonly string[] = []): KillSwitchState => {
  const allow = mark === 0 ? allowed.filter((token) => token !== 'replies') : allowed
  return { mark, resolvers: [], ...(allow.length > 0 ? { allow } : {}) }
}

/** The kill switch that also lets pass what the device marks before or after its mark changes from `now` to `next`; the same where it does. */
export const whileMarkMoves = (guard: KillSwitchState, now: number, next: number): KillSwitchState => {
  const other = guard.mark === now ? next : now
  const passes = other === 0 || other === guard.mark || other === guard.alsoMark
  return now === next || guard.mark === 0 || passes ? guard : { ...guard, alsoMark: other }
}

/** The operation that puts a kill switch in place, or another one in the place of one that is there, without a gap. */
export const planKillSwitchOn = (dev: string, { mark, alsoMark, resolvers, allow }: KillSwitchState): Op => ({
  do: 'killswitch.on',
  dev,
  mark,
  ...(alsoMark === undefined ? {} : { alsoMark }),
  resolvers,
  ...(allow === undefined ? {} : { allow }),
})

/** The exceptions of both families, each of which lists its own networks; undefined where they do not agree on the rest. */
const bothAllow = (
  ipv4: readonly string[],
  ipv6: readonly string[],
): Pick<KillSwitchState, 'allow'> | undefined => {
  const isNetwork = (token: string) => token.includes('/')
  const rest = ipv4.filter((token) => !isNetwork(token))
  if (rest.join() !== ipv6.filter((token) => !isNetwork(token)).join()) return undefined
  const allow = [...ipv4.filter(isNetwork), ...ipv6.filter(isNetwork), ...rest]
  return allow.length > 0 ? { allow } : {}
}
