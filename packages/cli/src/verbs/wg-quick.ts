// SPDX-License-Identifier: MIT
import { rerunAsRoot, thisProgram } from '../as-root.ts'
import type { Handler } from '../command.ts'
import { writeErr } from '../output.ts'
import { quickUsage } from '../quick-usage.ts'

const verbs: Record<string, () => Promise<{ run: Handler }>> = {
  up: () => import('./up.ts'),
  down: () => import('./down.ts'),
  save: () => import('./save.ts'),
  strip: () => import('./strip.ts'),
}

/** The program under the name wg-quick: a verb and one argument, or help (spec wg-quick §1). */
export const run: Handler = async (invocation) => {
  const [verb = '', ...args] = invocation.args
  const load = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (!load || args.length !== 1) {
    const asked = args.length === 0 && /^(?:--help|-h|help)$/.test(verb)
    writeErr(quickUsage(thisProgram().name))
    return asked ? 0 : 1
  }
  const call = { ...invocation, verb, args }
  return rerunAsRoot(call) ?? (await load()).run(call)
}
