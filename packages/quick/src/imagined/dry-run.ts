// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import type { Op } from '@wgq/model/operation'
import { readConfiguration } from '../run/read-configuration.ts'
import { spell } from '../run/spell.ts'
import type { Session } from '../session.ts'
import { hasKernelDriver } from '../systems/daemon.ts'
import { ImaginedDevices } from './imagined-devices.ts'
import { ImaginedHost } from './imagined-host.ts'

/** One step of a plan: the operation and its words. The configuration itself is left out: it holds keys. */
interface PlannedStep {
  readonly op: Record<string, unknown>
  readonly words: string | undefined
}

/**
 * Simulates a run without changing anything: hosts and devices are in memory, hooks are not run. Resolves to the exit
 * status and the steps; the session's `print` gets the usual lines. Changes that hooks would make are unknown.
 */
export const dryRun = async (
  session: Session,
  work: (session: Session) => Promise<number>,
): Promise<{ status: number; steps: PlannedStep[] }> => {
  const host = new ImaginedHost(session.dependencies.host, hasKernelDriver() || hasModule())
  const devices = new ImaginedDevices(session.dependencies.devices)
  const steps: PlannedStep[] = []
  const status = await work({
    ...session,
    dependencies: {
      ...session.dependencies,
      host,
      devices,
      openHost: async () => host,
      writeSysctl: () => {},
      sysctlsInside: (netns) => ({
        readSysctl: session.dependencies.sysctlsInside?.(netns).readSysctl ?? (() => undefined),
        writeSysctl: () => {},
      }),
    },
    act: async (op) => {
      if (op.do === 'daemon.start') host.makeLink(op.name)
      if (op.do === 'device.configure')
        await devices.change(op.name, await readConfiguration(session, op.configuration))
      if (op.do === 'device.fwmark') await devices.change(op.name, { fwmark: op.fwmark, peers: [] })
    },
    notice: (op) => void steps.push({ op: shown(op), words: spell(op) }),
  })
  return { status, steps }
}

const shown = (op: Op): Record<string, unknown> => {
  if (op.do !== 'device.configure') return { ...op }
  const { configuration: _, ...rest } = op
  return rest
}

/** Finds a driver that is installed but not loaded. */
const hasModule = (): boolean => {
  const directory = `/lib/modules/${release()}`
  return ['modules.dep', 'modules.builtin'].some((file) => {
    const path = join(directory, file)
    return existsSync(path) && /\/wireguard\.ko/.test(readFileSync(path, 'latin1'))
  })
}
