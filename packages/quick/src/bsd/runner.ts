// SPDX-License-Identifier: MIT
import type { DeviceAccess } from '@wgq/model/device'
import { isWgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import { act, isHostOp } from '../run/act.ts'
import { Failure, Interrupted } from '../run/failure.ts'
import type { JournalKeeper } from '../run/journal.ts'
import { runHook } from './hook.ts'
import type { BsdAround } from './system.ts'

/**
 * Carries out operations on a BSD: notes them in the journal, prints a `[#]` line before each command, acts. One
 * operation may be several commands (`mtu`, `up`; the halves of a default route).
 */
export class BsdRunner {
  private readonly around: BsdAround
  private readonly keeper: JournalKeeper | undefined

  constructor(around: BsdAround, keeper?: JournalKeeper) {
    this.around = around
    this.keeper = keeper
  }

  /**
   * In order. Raises {@link Failure} at the first that fails, after saying why (`say`: standard error unless given), and
   * {@link Interrupted} on a signal.
   */
  async perform(ops: readonly Op[], say = this.around.session.edges.print): Promise<void> {
    for (const op of ops) {
      this.stopOnSignal()
      this.keeper?.intend([op])
      try {
        await this.performOne(op)
      } catch (error) {
        // Of a default route one half may be in.
        if (op.do !== 'route.add') this.keeper?.retract([op])
        throw this.told(error, say)
      }
    }
    this.stopOnSignal()
  }

  private async performOne(op: Op): Promise<void> {
    const { session, host, system } = this.around
    if (isHostOp(op)) return host.perform(op, this.echo)
    if (op.do === 'dns.set') return system.setDns(op, this.around)
    if (op.do === 'dns.unset') return system.unsetDns(op, this.around)
    if (op.do === 'hook.run') {
      session.edges.print(`[#] ${op.command}\n`)
      return runHook(op.command, session)
    }
    if (op.do === 'device.configure') {
      const name = (await host.realName(op.name)) ?? op.name
      this.echo(['wg', 'addconf', name, system.configurationFile])
      return this.configure({ ...op, name })
    }
    if (op.do === 'daemon.start') {
      this.echo([op.program, op.name])
      return act(op, session)
    }
    if (op.do === 'daemon.stop') return host.perform(op, this.echo)
    throw new Error(`No BSD carries out ${op.do}`)
  }

  /** wg says no more than strerror; what wgq itself refused (a table above 255, a 17th allowed IP) needs its reason. */
  private async configure(op: Extract<Op, { do: 'device.configure' }>): Promise<void> {
    const { session } = this.around
    const { devices, print } = session.edges
    const change: DeviceAccess['change'] = (name, wanted) =>
      devices.change(name, wanted).catch((error: unknown) => {
        if (isWgqError(error) && error.hint !== undefined) print(`${error.message}. ${error.hint}\n`)
        throw error
      })
    const telling = { list: () => devices.list(), read: (name: string) => devices.read(name), change }
    await act(op, { ...session, edges: { ...session.edges, devices: telling } })
  }

  readonly echo = (argv: readonly string[]): void => {
    this.around.session.edges.print(`[#] ${argv.join(' ')}\n`)
  }

  private stopOnSignal(): void {
    const { signal } = this.around.session.interruption
    if (signal) throw new Interrupted(signal)
  }

  /** Says a host's error on standard error and makes a {@link Failure} of it; every other error stays. */
  private told(error: unknown, say: (text: string) => void): unknown {
    if (!isWgqError(error) || (error.code !== 'E_HOST' && error.code !== 'E_NO_ADDRESS')) return error
    const prefix = error.code === 'E_NO_ADDRESS' ? `${this.around.session.program}: ` : ''
    say(`${prefix}${error.message}\n`)
    return new Failure(error.exitCode)
  }
}
