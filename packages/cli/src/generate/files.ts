// SPDX-License-Identifier: MIT
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { wgqManualPage } from './manual-page.ts'
import { verbModules } from './verb-modules.ts'
import { zshCompletion } from './zsh.ts'

/** All files generated from the command table, by their path in the repository. */
export const generatedFiles = (): Map<string, string> =>
  new Map([
    ['packaging/completions/wgq.bash', bashCompletion('wgq')],
    ['packaging/completions/wg.bash', bashCompletion('wg')],
    ['packaging/completions/wg-quick.bash', bashCompletion('wg-quick')],
    ['packaging/completions/_wgq', zshCompletion()],
    ['packaging/completions/wgq.fish', fishCompletion()],
    ['docs/man/wgq.8', wgqManualPage()],
    ['packages/cli/src/bin/verbs.ts', verbModules()],
  ])
