// SPDX-License-Identifier: MIT
import { errnoText } from '@wgq/model/errno'
import { Failure } from './run/failure.ts'
import type { Session } from './session.ts'

/** The exit status of `ip` when the kernel refuses. */
const refused = 2

/**
 * Checks that the data plane listens now that the link is up. The kernel's driver opens its socket within `ip link set
 * up`, which fails then; a daemon notices the link later. If not, prints what `ip` would have printed and raises {@link
 * Failure}.
 */
export const checkListening = async ({ dependencies, system }: Session, real: string): Promise<void> => {
  const { listenError, listenPort } = await dependencies.devices.read(real)
  if (listenError === undefined) return
  const who = system.name === 'linux' ? 'RTNETLINK answers' : `${real}: cannot listen on port ${listenPort}`
  dependencies.print(`${who}: ${errnoText(listenError)}\n`)
  throw new Failure(refused)
}
