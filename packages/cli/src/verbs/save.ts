// SPDX-License-Identifier: MIT
import { saveHere } from '@wgq/quick/orchestrate'
import type { Handler } from '../command.ts'
import { runQuick } from '../quick-session.ts'

/** wg-quick save NAME|FILE. */
export const run: Handler = (invocation) => runQuick(invocation, saveHere)
