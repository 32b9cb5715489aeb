// SPDX-License-Identifier: MIT
import { commands } from '../command-table.ts'

/** Verbs that bin/wgq.ts loads directly, each from its own bundle, because scripts call them often. */
const fast = new Set([
  'genkey',
  'genpsk',
  'pubkey',
  'show',
  'showconf',
  'set',
  'setconf',
  'addconf',
  'syncconf',
  'strip',
])

/**
 * packages/cli/src/bin/verbs.ts: the module of each verb of wgq, `verbs/VERB.ts`. The verb's group in the table names
 * its bundle.
 */
export const verbModules = (): string => {
  const groups = new Map(
    commands
      .filter(({ personalities }) => personalities.includes('wgq'))
      .map(({ verb, group }) => [verb.split(' ')[0] as string, group]),
  )
  const lines = [...groups]
    .filter(([verb]) => !fast.has(verb))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([verb, group]) =>
        `  ${verb.includes('-') ? `'${verb}'` : verb}: () => import('../verbs/${verb}.ts'), // ${group}`,
    )
  return `// SPDX-License-Identifier: MIT
// Generated from the command table: node scripts/build/run-ts.mjs scripts/build/generate.ts
import type { Handler } from '../command.ts'

/** The module of each verb of wgq that is not on the fast path of bin/wgq.ts, with the bundle that holds it. */
export const verbs: Record<string, () => Promise<{ run: Handler }>> = {
${lines.join('\n')}
}
`
}
