// SPDX-License-Identifier: MIT
import type { BsdAround } from './system.ts'

/** The system's name of the configuration's interface where it is one of WireGuard's; undefined otherwise. */
export const realWireGuard = async ({ session, host }: BsdAround): Promise<string | undefined> => {
  const real = await host.realName(session.name)
  return real !== undefined && (await session.edges.devices.list()).includes(real) ? real : undefined
}
