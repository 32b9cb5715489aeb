// SPDX-License-Identifier: MIT
import type { Handler } from '../command.ts'
import { keepCompiledCode } from '../compiled-code.ts'
import { verbs } from './verbs.ts'

/** What no user types, or types under another name; with the bundle that holds it. */
const others: typeof verbs = {
  'wg-quick': () => import('../verbs/wg-quick.ts'), // tunnel
  'route-monitor': () => import('../verbs/route-monitor.ts'), // tunnel
  'try-guard': () => import('../verbs/try-guard.ts'), // tunnel
  status: () => import('../verbs/list.ts'), // inspect
  unknown: () => import('../verbs/unknown.ts'), // about
}

/** The handler of a verb, or undefined; its module is initialised only when it is called. */
export const loadHandler = async (verb: string): Promise<Handler | undefined> => {
  const load = [verbs, others].find((table) => Object.hasOwn(table, verb))?.[verb]
  if (!load) return undefined
  await keepCompiledCode(verb)
  return (await load()).run
}
