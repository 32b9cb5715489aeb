// SPDX-License-Identifier: MIT
import { readSettings } from '@wgq/config/settings'
import { down } from '../../down.ts'
import { planReload, reload } from '../../reload.ts'
import type { Session } from '../../session.ts'
import { linux } from '../../systems/linux.ts'
import { up } from '../../up.ts'
import type { Machine } from './machine.ts'

/** A tunnel of a {@link Machine}: wgq's verbs for a text that replaces its file. */
export class Tunnel {
  private readonly machine: Machine
  private readonly name: string
  readonly runDirectory: string

  constructor(machine: Machine, name: string, runDirectory: string) {
    this.machine = machine
    this.name = name
    this.runDirectory = runDirectory
  }

  up(text: string, options: Partial<Session> = {}): Promise<number> {
    return up(this.session(text, options))
  }

  reload(text: string, options: Partial<Session> = {}): Promise<number> {
    return reload(this.session(text, options))
  }

  down(text: string, options: Partial<Session> = {}): Promise<number> {
    return down(this.session(text, options))
  }

  /** The output of `diff`. */
  async differences(text: string, options: Partial<Session> = {}): Promise<readonly object[]> {
    return (await planReload(this.session(text, options))).differences
  }

  /** The session of a process that runs this verb. */
  session(text: string, options: Partial<Session> = {}): Session {
    const configPath = `/memory/${this.name}.conf`
    return {
      dependencies: this.machine.dependencies(),
      system: linux,
      name: this.name,
      configPath,
      settings: readSettings(text, configPath),
      program: 'wgq',
      script: '/memory/wgq',
      binDirectory: '/memory',
      style: 'wgq',
      runDirectory: this.runDirectory,
      interruption: {},
      ...options,
    }
  }
}
