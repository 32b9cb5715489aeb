// SPDX-License-Identifier: MIT
// node scripts/build/run-ts.mjs scripts/build/generate.ts: writes the files derived from the command table, and the
// README's table of tested systems. The results are committed, so that packagers need no generator;
// test/house/generated.test.ts fails when they are stale.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatedFiles } from '../../packages/cli/src/generate/files.ts'
import { writeTested } from '../verification/tested.ts'

const root = join(import.meta.dirname, '../..')
for (const [path, text] of generatedFiles()) writeFileSync(join(root, path), text)
writeTested()
