// SPDX-License-Identifier: MIT
// CPU time (user and system) of verbs that read files, for an input and one ten times as long, medians of interleaved
// runs over `node -e 0`. Ten times the input may cost at most twelve times as much; lint of 20,000 peers must stay
// below a second.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const wgq = join(process.env['WGQ_DIST'] ?? join(root, 'dist'), 'bin/wgq')
const runs = Number(process.argv[2] ?? 5)

// Difference between two starts of the same program on a busy machine.
const noiseMs = 15

const key = (label: string | number): string => createHash('sha256').update(String(label)).digest('base64')
const head = `[Interface]\nPrivateKey = ${key('own')}\nAddress = 172.16.0.2/32\n`
const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('')
const peers = (count: number): string =>
  head +
  lines(
    count,
    (i) =>
      `[Peer]\n# Name = p${i}\nPublicKey = ${key(i)}\nAllowedIPs = 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32\nPersistentKeepalive = 25\nEndpoint = 192.0.2.1:51820\n`,
  )

interface Case {
  readonly name: string
  /** The size of the small input; the large one has ten times as much. */
  readonly size: number
  readonly args: readonly string[]
  readonly text: (size: number) => string
  /** Ending of the file's name, if not `.conf`. */
  readonly ending?: string
}

const prefix = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`
const onePeer = `[Peer]\nPublicKey = ${key(0)}\n`
const profile = `[connection]\ntype=wireguard\ninterface-name=wg0\n[wireguard]\nprivate-key=${key('own')}\n`
const netdev = `[NetDev]\nName=wg0\nKind=wireguard\n[WireGuard]\nPrivateKey=${key('own')}\n[WireGuardPeer]\nPublicKey=${key(0)}\n`

const cases: readonly Case[] = [
  { name: 'lint, peers', size: 2000, args: ['lint'], text: peers },
  {
    name: 'lint, one line repeated',
    size: 10_000,
    args: ['lint'],
    text: (n) => `${head}${'Address = 10.0.0.9/24\n'.repeat(n)}`,
  },
  {
    name: 'lint, bad values',
    size: 10_000,
    args: ['lint'],
    text: (n) => `${head}Address = ${lines(n, (i) => `x${i}/y,`)}\n`,
  },
  {
    name: 'lint, hooks',
    size: 2000,
    args: ['lint'],
    text: (n) => head + lines(n, (i) => `PostUp = echo "hook ${i}"\n`),
  },
  {
    name: 'lint, one long line',
    size: 270_000,
    args: ['lint'],
    text: (n) => `${head}DNS = ${lines(n / 9, () => '10.0.0.1,')}\n`,
  },
  {
    name: 'import, empty lines',
    size: 1_000_000,
    args: ['import'],
    text: (n) => `[connection]\ntype=wireguard\n${'\n'.repeat(n)}`,
  },
  {
    name: 'lint, unknown keys',
    size: 5000,
    args: ['lint'],
    text: (n) => head + lines(n, (i) => `Foo${i} = b\n`),
  },
  {
    name: 'lint, sections without a name',
    size: 5000,
    args: ['lint'],
    text: (n) => head + '[\n[]\n'.repeat(n / 2),
  },
  { name: 'lint, one peer repeated', size: 2000, args: ['lint'], text: (n) => head + onePeer.repeat(n) },
  {
    name: 'lint, one prefix of all peers',
    size: 2000,
    args: ['lint'],
    text: (n) => head + lines(n, (i) => `[Peer]\nPublicKey = ${key(i)}\nAllowedIPs = 10.0.0.0/8\n`),
  },
  {
    name: 'lint, prefixes in each other',
    size: 2000,
    args: ['lint'],
    text: (n) =>
      head + lines(n, (i) => `[Peer]\nPublicKey = ${key(i)}\nAllowedIPs = ${prefix(i)}/${8 + (i % 25)}\n`),
  },
  {
    name: 'lint, prefixes of one peer',
    size: 10_000,
    args: ['lint'],
    text: (n) => `${head}${onePeer}AllowedIPs = ${lines(n, (i) => `${prefix(i)}/32,`)}10.255.0.0/32\n`,
  },
  {
    name: 'lint, endpoints in own prefixes',
    size: 2000,
    args: ['lint'],
    text: (n) =>
      head +
      lines(
        n,
        (i) => `[Peer]\nPublicKey = ${key(i)}\nAllowedIPs = ${prefix(i)}/32\nEndpoint = ${prefix(i)}:51820\n`,
      ),
  },
  {
    name: 'lint, wrong comments',
    size: 5000,
    args: ['lint'],
    text: (n) => head + lines(n, (i) => `# KillSwitch = x${i}\n# KillSwtch = ${i}\n`),
  },
  {
    name: 'lint, blanks',
    size: 200_000,
    args: ['lint'],
    text: (n) => `${head}MTU${' '.repeat(n)}=${' '.repeat(n)}x\n`,
  },
  {
    name: 'lint, control characters',
    size: 100_000,
    args: ['lint'],
    text: (n) => `${head}# ${'\r\0\x1b'.repeat(n / 4)}\n${'MTU = 1\0\n'.repeat(n / 40)}`,
  },
  {
    name: 'lint, digits',
    size: 100_000,
    args: ['lint'],
    text: (n) =>
      `${head}MTU = ${'9'.repeat(n)}\nFwMark = 0x${'f'.repeat(n)}\nTable = ${'1'.repeat(n)}\nAddress = ${':'.repeat(n)}\n`,
  },
  {
    name: 'lint, one long name',
    size: 100_000,
    args: ['lint'],
    text: (n) => `${head}${onePeer}Endpoint = ${'a.'.repeat(n)}:1\n`,
  },
  {
    name: 'lint, words like keys',
    size: 2000,
    args: ['lint'],
    text: (n) => `${head}Address = ${lines(n, (i) => `${key(i)} `)}\n`,
  },
  {
    name: 'lint, one hook of many commands',
    size: 2000,
    args: ['lint'],
    text: (n) =>
      `${head}PostUp = ${lines(n, (i) => `iptables -A FORWARD -i %i -s ${prefix(i)} -j ACCEPT; `)}\n`,
  },
  {
    name: 'lint, one hook of signs',
    size: 20_000,
    args: ['lint'],
    text: (n) => `${head}PostUp = ${'\\'.repeat(n)}\nPostDown = ${`"' $( `.repeat(n / 5)}\n`,
  },
  {
    name: 'import, peers of a keyfile',
    size: 2000,
    args: ['import'],
    text: (n) => profile + lines(n, (i) => `[wireguard-peer.${key(i)}]\nallowed-ips=${prefix(i)}/32;\n`),
  },
  {
    name: 'import, routes of a keyfile',
    size: 2000,
    args: ['import'],
    text: (n) => `${profile}[ipv4]\nmethod=manual\n${lines(n, (i) => `route${i + 1}=${prefix(i)}/32\n`)}`,
  },
  {
    name: 'import, unknown keys of a keyfile',
    size: 5000,
    args: ['import'],
    text: (n) => profile + lines(n, (i) => `k${i}=v\n`),
  },
  {
    name: 'import, continued lines of a unit',
    size: 20_000,
    args: ['import'],
    text: (n) => `${netdev}AllowedIPs=\\\n${'# x\n 10.0.0.1/32,\\\n'.repeat(n / 2)} 10.0.0.2/32\n`,
    ending: '.netdev',
  },
  { name: 'strip, peers', size: 2000, args: ['strip'], text: peers },
  {
    name: 'up --dry-run, hooks',
    size: 2000,
    args: ['up', '--dry-run'],
    text: (n) => head + lines(n, (i) => `PostUp = echo "hook ${i}"\n`),
  },
  {
    name: 'up --dry-run, addresses',
    size: 1000,
    args: ['up', '--dry-run'],
    text: (n) => head + lines(n, (i) => `Address = ${prefix(i)}/32\n`),
  },
  { name: 'up --dry-run, peers', size: 1000, args: ['up', '--dry-run'], text: peers },
  {
    name: 'up, error in a long line',
    size: 270_000,
    args: ['up', '--dry-run'],
    text: (n) => `${head}Nonsense = ${'x'.repeat(n)}\n`,
  },
]

/** CPU milliseconds of one run. */
const cost = (command: readonly string[]): number => {
  const timed = [
    '-n',
    '-m',
    'bash',
    '-c',
    'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1',
    'bash',
    ...command,
  ]
  const { stderr } = spawnSync('unshare', timed, { encoding: 'utf8' })
  const [user = 0, system = 0] = stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? []
  return (user + system) * 1000
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] as number

const folder = mkdtempSync(join(tmpdir(), 'wgq-parse-'))
try {
  const files = cases.map((one, i) =>
    [1, 10].map((times) => {
      const path = join(folder, `c${i}x${times}${one.ending ?? '.conf'}`)
      writeFileSync(path, one.text(one.size * times), { mode: 0o600 })
      return path
    }),
  )
  const bare: number[] = []
  const costs = cases.map((): [number[], number[]] => [[], []])
  for (let run = 0; run < runs; run++) {
    bare.push(cost([process.execPath, '-e', '0']))
    cases.forEach(({ args }, i) => {
      for (const which of [0, 1] as const)
        costs[i]?.[which].push(cost([wgq, ...args, files[i]?.[which] as string]))
    })
  }
  const start = median(bare)
  const results = cases.map(({ name, size }, i) => {
    const [small, large] = (costs[i] as [number[], number[]]).map((values) =>
      Math.max(noiseMs, median(values) - start),
    )
    return {
      name,
      size,
      smallMs: Math.round(small as number),
      largeMs: Math.round(large as number),
      ratio: Number(((large as number) / (small as number)).toFixed(1)),
    }
  })
  console.table(results)
  mkdirSync(join(root, 'bench-results'), { recursive: true })
  writeFileSync(
    join(root, 'bench-results/parse.json'),
    `${JSON.stringify({ nodeMs: start, results }, null, 2)}\n`,
  )
} finally {
  rmSync(folder, { recursive: true })
}
