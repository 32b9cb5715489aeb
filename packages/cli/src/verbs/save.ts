// SPDX-License-Identifier: MIT
import { saveRunning } from '@wgq/quick/save'
import type { Handler } from '../command.ts'
import { runQuick } from '../quick-session.ts'

/** wg-quick save NAME|FILE. */
export const run: Handler = (invocation) => runQuick(invocation, saveRunning)
