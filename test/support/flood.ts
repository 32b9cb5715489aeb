// SPDX-License-Identifier: MIT
import { childEnvironment, childScript } from './child-script.ts'
import type { FloodOrder, FloodReport } from './children/flood.ts'
import type { Lab } from './lab.ts'

/** Floods the daemon of a lab with initiations from an address of its outside namespace; ends by itself. */
export const flood = async (
  lab: Lab,
  order: Pick<FloodOrder, 'kind' | 'perSecond' | 'seconds'> & {
    readonly host: number
    readonly outer?: 4 | 6
  },
): Promise<FloodReport> => {
  const six = order.outer === 6
  const whole: FloodOrder = {
    kind: order.kind,
    perSecond: order.perSecond,
    seconds: order.seconds,
    from: six ? `fd78::${order.host}` : `10.78.0.${order.host}`,
    to: six ? 'fd78::1' : '10.78.0.1',
    port: lab.port,
    publicKeyHex: lab.keys.publicKey.toString('hex'),
  }
  const done = await lab.outside.finish(process.execPath, [childScript('flood'), JSON.stringify(whole)], {
    env: childEnvironment,
    timeoutMs: (order.seconds + 30) * 1_000,
  })
  if (done.status !== 0) throw new Error(`the flood failed: ${done.stderr}`)
  return JSON.parse(done.stdout) as FloodReport
}
