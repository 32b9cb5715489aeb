// SPDX-License-Identifier: MIT
// A day in a laptop's life (test/support/laptop.ts): seconds until the tunnel works again after each step, and packets
// seen outside, of `wgq run` and of Debian's wg-quick with its reresolve script, each with its kill switch. `laptop
// [LIMIT]`: the most seconds to wait in each step, by default 40.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Keeper, Laptop, pause } from '../../test/support/laptop.ts'
import { followedByWgq, keptByWgQuick, reresolveScript } from '../../test/support/laptop-keepers.ts'

const root = join(import.meta.dirname, '../..')
const limit = Number(process.argv[2] ?? 40)

/** The kill switch that wg-quick(8) proposes. */
const rejecting = (program: string, act: string): string =>
  `${program} ${act} OUTPUT ! -o %i -m mark ! --mark $(wg show %i fwmark) -m addrtype ! --dst-type LOCAL -j REJECT`
const hooks = ['iptables', 'ip6tables']
  .flatMap((program) => [`PostUp = ${rejecting(program, '-I')}`, `PreDown = ${rejecting(program, '-D')}`])
  .join('\n')

const one = async (keeper: Keeper, lines: string): Promise<Record<string, number | string>> => {
  const laptop = await Laptop.open(lines)
  try {
    const { steps, outside } = await laptop.day(keeper, limit, async () => {
      await keeper.stop(laptop)
      await keeper.start(laptop)
      await pause(1)
    })
    return {
      ...Object.fromEntries(
        steps.map(({ what, recoverySeconds }) => [what, recoverySeconds ?? `over ${limit}`]),
      ),
      'packets outside': outside.length,
    }
  } finally {
    await keeper.stop(laptop)
    laptop.remove()
  }
}

const columns: Record<string, Record<string, number | string>> = {}
const wgq = followedByWgq(() => {})
columns[wgq.name] = await one(wgq, 'DNS = 10.9.0.1\n# KillSwitch = on\n')
if (reresolveScript !== undefined) {
  const debian = keptByWgQuick(reresolveScript)
  columns[debian.name] = await one(debian, `${hooks}\n`)
}
console.table(columns)
const names = Object.keys(columns)
const rows = Object.keys(columns[wgq.name] ?? {})
console.log(
  `| seconds until it works again | ${names.join(' | ')} |\n|---|${names.map(() => '---').join('|')}|`,
)
for (const row of rows) console.log(`| ${row} | ${names.map((name) => columns[name]?.[row]).join(' | ')} |`)
mkdirSync(join(root, 'bench-results'), { recursive: true })
writeFileSync(join(root, 'bench-results/laptop.json'), `${JSON.stringify(columns, null, 2)}\n`)
