// SPDX-License-Identifier: MIT
import { upHere } from '@wgq/quick/orchestrate'
import type { Handler } from '../command.ts'
import { runQuick } from '../quick-session.ts'

/** wg-quick up NAME|FILE. */
export const run: Handler = (invocation) => runQuick(invocation, upHere)
