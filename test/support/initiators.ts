// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto'
import { childEnvironment, childScript } from './child-script.ts'
import type { InitiatorsOrder, InitiatorsReport } from './children/initiators.ts'
import type { Lab } from './lab.ts'
import { initiatorKeys } from './noise.ts'

/** Adds peers to the daemon of a lab; each of them then performs handshakes with it. */
export const shakeHands = async (
  lab: Lab,
  order: Pick<InitiatorsOrder, 'peers' | 'rounds' | 'underWay' | 'pauseMs'>,
): Promise<InitiatorsReport> => {
  const seed = randomBytes(8).toString('hex')
  const sections = initiatorKeys(seed, order.peers).map(
    ({ publicKey }) => `[Peer]\nPublicKey = ${publicKey.toString('base64')}\n`,
  )
  lab.daemon.setconf(sections.join(''), 'addconf')
  const whole: InitiatorsOrder = {
    ...order,
    from: '10.78.0.2',
    to: '10.78.0.1',
    port: lab.port,
    publicKeyHex: lab.keys.publicKey.toString('hex'),
    seed,
  }
  const done = await lab.outside.finish(
    process.execPath,
    [childScript('initiators'), JSON.stringify(whole)],
    { env: childEnvironment },
  )
  if (done.status !== 0) throw new Error(`the initiators failed: ${done.stderr}`)
  return JSON.parse(done.stdout) as InitiatorsReport
}
