// SPDX-License-Identifier: MIT
// What one run of a script verb costs: CPU (user and system) and wall time, medians of 20 runs, interleaved with
// `node -e 0` in a clean environment. The targets are over `node -e 0`: genkey and strip 6 ms CPU, pubkey and show 12 ms.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FakeUapi } from '../../test/support/fake-uapi.ts'
import { PrivateRun, whyNoPrivateRun } from '../../test/support/private-run.ts'

const root = join(import.meta.dirname, '../..')
const dist = process.env['WGQ_DIST'] ?? join(root, 'dist')
const runs = Number(process.argv[2] ?? 20)
const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const peer = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='

interface Timing {
  readonly cpu: number[]
  readonly wall: number[]
}

const main = async (): Promise<void> => {
  const why = whyNoPrivateRun()
  if (why) throw new Error(why)
  const place = new PrivateRun()
  const hex = (text: string) => Buffer.from(text, 'base64').toString('hex')
  const fake = new FakeUapi({
    state: `private_key=${hex(key)}\nlisten_port=51820\npublic_key=${hex(peer)}\n`,
  })
  await fake.listen(join(place.sockets, 'wg0.sock'))
  const conf = join(place.work, 'wg0.conf')
  writeFileSync(
    conf,
    `[Interface]\nPrivateKey = ${key}\nAddress = 10.0.0.1/24\n[Peer]\nPublicKey = ${peer}\nAllowedIPs = 10.0.0.0/24\n`,
    { mode: 0o600 },
  )
  const programs: Record<string, string[]> = { 'node -e 0': [process.execPath, '-e', '0'] }
  const verbs: Record<string, [string, string[]]> = {
    genkey: ['wg', ['genkey']],
    genpsk: ['wg', ['genpsk']],
    pubkey: ['wg', ['pubkey']],
    'show wg0 peers': ['wg', ['show', 'wg0', 'peers']],
    'show wg0': ['wg', ['show', 'wg0']],
    'show interfaces': ['wg', ['show', 'interfaces']],
    'set wg0 …': ['wg', ['set', 'wg0', 'listen-port', '51820']],
    strip: ['wg-quick', ['strip', conf]],
  }
  for (const [name, [program, args]] of Object.entries(verbs)) {
    programs[`${program} ${name}`] = [join(dist, 'bin', program), ...args]
    programs[`Debian ${program} ${name}`] = [`/usr/bin/${program}`, ...args]
  }
  const timings = new Map<string, Timing>(Object.keys(programs).map((name) => [name, { cpu: [], wall: [] }]))
  const path = `${process.execPath.replace(/\/[^/]+$/, '')}:/usr/sbin:/usr/bin:/sbin:/bin`
  for (let run = 0; run < runs; run++) {
    for (const [name, command] of Object.entries(programs)) {
      const timed = [
        'bash',
        '--norc',
        '-c',
        'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1',
        'bash',
        ...command,
      ]
      const { stderr } = await place.run(timed, { env: { PATH: path }, input: `${key}\n` })
      const [real = 0, user = 0, system = 0] = stderr.trim().split(' ').map(Number)
      timings.get(name)?.cpu.push((user + system) * 1000)
      timings.get(name)?.wall.push(real * 1000)
    }
  }
  await fake.close()
  place.remove()
  report(timings)
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const report = (timings: ReadonlyMap<string, Timing>): void => {
  const bare = timings.get('node -e 0')
  const rows = [...timings].map(([name, { cpu, wall }]) => ({
    program: name,
    'CPU ms': Math.round(median(cpu)),
    'over node': Math.round(median(cpu) - median(bare?.cpu ?? [])),
    'wall ms': Math.round(median(wall)),
    'wall over node': Math.round(median(wall) - median(bare?.wall ?? [])),
  }))
  console.table(rows)
  mkdirSync(join(root, 'bench-results'), { recursive: true })
  writeFileSync(
    join(root, 'bench-results/startup.json'),
    `${JSON.stringify({ node: process.version, runs, rows }, null, 2)}\n`,
  )
}

await main()
