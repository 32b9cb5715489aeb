// SPDX-License-Identifier: MIT
import type { Handler } from '../command.ts'
import { keepCompiledCode } from '../compiled-code.ts'
import { verbs } from './verbs.ts'

/** Verbs that users never type, or type under another name, each with its bundle. */
const others: typeof verbs = {
  'wg-quick': () => import('../verbs/wg-quick.ts'), // tunnel
  'route-monitor': () => import('../verbs/route-monitor.ts'), // tunnel
  'try-guard': () => import('../verbs/try-guard.ts'), // tunnel
  status: () => import('../verbs/list.ts'), // inspect
  unknown: () => import('../verbs/unknown.ts'), // about
}

/** The handler of a verb, or undefined; its module is initialised only when the verb is called. */
export const loadHandler = async (verb: string): Promise<Handler | undefined> => {
  const load = [verbs, others].find((table) => Object.hasOwn(table, verb))?.[verb]
  if (!load) return undefined
  const writeCompiledCode = keepCompiledCode(verb)
  const { run } = await load()
  // A copy would search PATH for the name of the program.
  return (invocation) => run(Object.assign(invocation, { writeCompiledCode }))
}
