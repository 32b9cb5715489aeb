// SPDX-License-Identifier: MIT
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Session } from '../../session.ts'
import type { TunnelFile } from './arbitraries.ts'
import { Machine } from './machine.ts'
import { Tunnel } from './tunnel.ts'

/** No process has this number: process numbers end at 4194304. */
const nobody = 999_999_999

/** Machines for property tests, each with its own run directory, in memory if possible. */
export class Stage {
  private readonly base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'wgq-memory-'))
  private count = 0

  /**
   * Parameters of fast-check: as many of 150 cases as fit into 20 seconds, or all of `WGQ_PAIRS` (20,000 take 15 to 60
   * minutes). `WGQ_SEED` chooses others, `WGQ_PATH` that of a failure.
   */
  get settings() {
    const { WGQ_PAIRS, WGQ_SEED = '1', WGQ_PATH } = process.env
    return {
      numRuns: Number(WGQ_PAIRS ?? 150),
      seed: Number(WGQ_SEED),
      ...(WGQ_PATH === undefined ? {} : { path: WGQ_PATH }),
      ...(WGQ_PAIRS === undefined ? { interruptAfterTimeLimit: 20_000 } : {}),
    }
  }

  /** A machine and the tunnel wg0 on it. */
  set(prepare: (machine: Machine, folder: string) => void): {
    readonly machine: Machine
    readonly tunnel: Tunnel
    /** Another tunnel, wg1. */
    readonly neighbour: Tunnel
    /** Deletes the journal of wg0. */
    readonly forget: () => void
    readonly clear: () => void
    /** The tunnel for runs after an interrupted one: its notes exist, its process does not. */
    readonly later: () => Tunnel
  } {
    const machine = new Machine()
    const directory = join(this.base, `${this.count++}`)
    prepare(machine, `${directory}-files`)
    return {
      machine,
      tunnel: new Tunnel(machine, 'wg0', directory),
      neighbour: new Tunnel(machine, 'wg1', directory),
      forget: () => {
        for (const file of existsSync(directory) ? readdirSync(directory) : [])
          if (file.startsWith('wg0')) rmSync(join(directory, file))
      },
      clear: () => {
        machine.resolver.clear()
        rmSync(directory, { recursive: true, force: true })
      },
      later: () => {
        const copy = join(this.base, `${this.count++}`)
        if (existsSync(directory)) cpSync(directory, copy, { recursive: true, preserveTimestamps: true })
        for (const file of existsSync(copy) ? readdirSync(copy) : []) {
          const path = join(copy, file)
          if (file.endsWith('.lock')) rmSync(path)
          else if (file.endsWith('.json'))
            writeFileSync(
              path,
              readFileSync(path, 'utf8').replaceAll(`"pid":${process.pid},`, `"pid":${nobody},`),
            )
        }
        return new Tunnel(machine, 'wg0', copy)
      },
    }
  }

  clear(): void {
    rmSync(this.base, { recursive: true, force: true })
  }
}

/** Time limit of a property. */
export const longestMs = process.env['WGQ_PAIRS'] === undefined ? 120_000 : 7_200_000

/** Options for `up` beside the file. */
export const options = ({ killSwitch }: TunnelFile): Partial<Session> => ({
  killSwitch: killSwitch !== undefined,
  killSwitchOption: killSwitch === 'option',
})

/** Options for other verbs: without those of `up`. */
export const ofFile = ({ killSwitch }: TunnelFile): Partial<Session> => ({
  killSwitch: killSwitch === 'file',
})

/** Options that make a fresh `up` of `b` equal `up` of `a` and a reload of `b`: an option of `up` lasts. */
export const lasting = (a: TunnelFile, b: TunnelFile): Partial<Session> => {
  const killSwitchOption = a.killSwitch === 'option'
  return { killSwitch: killSwitchOption || b.killSwitch === 'file', killSwitchOption }
}
