// SPDX-License-Identifier: MIT
import type { Handler } from '../command.ts'

// Everything that is not on the fast path of bin/wgq.ts; each handler's module is initialised only when its verb is called.
const handlers: Record<string, () => Promise<{ run: Handler }>> = {}

/** The handler of a verb, or undefined. */
export const loadHandler = async (verb: string): Promise<Handler | undefined> => (await handlers[verb]?.())?.run
