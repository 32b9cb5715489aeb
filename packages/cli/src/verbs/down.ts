// SPDX-License-Identifier: MIT
import { down, downWithoutConfig } from '@wgq/quick/down'
import type { Handler } from '../command.ts'
import { runQuick } from '../quick-session.ts'

/** wg-quick down NAME|FILE. */
export const run: Handler = (invocation) => runQuick(invocation, down, downWithoutConfig)
