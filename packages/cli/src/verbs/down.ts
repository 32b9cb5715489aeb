// SPDX-License-Identifier: MIT
import { downHere, downWithoutConfigHere } from '@wgq/quick/orchestrate'
import type { Handler } from '../command.ts'
import { runQuick } from '../quick-session.ts'

/** wg-quick down NAME|FILE. */
export const run: Handler = (invocation) => runQuick(invocation, downHere, downWithoutConfigHere)
