// SPDX-License-Identifier: MIT
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isWgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import { Failure } from '../../run/failure.ts'
import type { Session } from '../../session.ts'
import { hostOf } from './host-of.ts'

type Start = Extract<Op, { do: 'daemon.start' }>

/** The name for a daemon's interface on a system that numbers interfaces: the first free one. */
export const anyTun = 'tun'

/**
 * Starts a userspace daemon on a system whose tun(4) devices have numbers instead of names, reads the number from it,
 * and sets the interface's description to the configuration's name. Raises {@link Failure}.
 */
export const startNumberedDaemon = async (op: Start, session: Session): Promise<void> => {
  const { dependencies } = session
  const folder = mkdtempSync(join(tmpdir(), 'wgq-tun-'))
  const nameFile = join(folder, 'name')
  try {
    const { status } = await dependencies.run(op.program, [anyTun], {
      detached: true,
      env: { ...dependencies.env, WG_TUN_NAME_FILE: nameFile },
    })
    if (status !== 0) throw new Failure(status)
    const real = readFileSync(nameFile, 'utf8').trim()
    const print = (argv: readonly string[]) => dependencies.print(`[#] ${argv.join(' ')}\n`)
    try {
      await hostOf(session).adoptLink(op.name, real, print)
    } catch (error) {
      if (!isWgqError(error)) throw error
      dependencies.print(`${error.message}\n`)
      // Nothing would find an interface without its name again.
      await stopDaemon(real, session)
      throw new Failure(error.exitCode)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Ends the daemon of an interface: it goes when its socket is removed. Raises {@link Failure}. */
export const stopDaemon = async (real: string, { dependencies }: Session): Promise<void> => {
  const { status } = await dependencies.run('rm', ['-f', `/var/run/wireguard/${real}.sock`])
  if (status !== 0) throw new Failure(status)
}
