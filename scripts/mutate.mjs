// SPDX-License-Identifier: MIT
// node scripts/mutate.mjs [WORD]: breaks one line at a time in a copy of the checkout and runs the tests that should
// notice. Exits with status 1 if a break survives or a line no longer exists. WORD selects mutations by a part of their
// name.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const quick = ['packages/quick']
const firewall = ['packages/firewall']
const killSwitchOfQuick = ['reload', 'up-down'].map(
  (name) => `packages/quick/src/testing/memory/${name}.test.ts`,
)
const device = ['packages/dataplane']
const engine = (...names) => names.map((name) => `packages/native/src/${name}.test.ts`)

/** The mutations: name, file, text, replacement, tests. */
const mutations = [
  [
    'the pair of rules loses its suppress rule when it is added',
    'packages/quick/src/state/default-route.ts',
    "    { do: 'rule.add', rule: suppress },\n",
    '',
    quick,
  ],
  [
    'the second tunnel gets a suppress rule that lets default routes through',
    'packages/quick/src/state/default-route.ts',
    "table: 'main', suppressPrefixLength: 0, ...(room",
    "table: 'main', suppressPrefixLength: 1, ...(room",
    quick,
  ],
  [
    'a kill switch drops what is forwarded into the tunnel',
    'packages/firewall/src/kill-switch/table.ts',
    "  { out: dev, verdict: 'accept' },\n  { in: dev",
    '  { in: dev',
    firewall,
  ],
  [
    'a kill switch drops what is forwarded out of the tunnel',
    'packages/firewall/src/kill-switch/table.ts',
    "  { in: dev, verdict: 'accept' },\n",
    '',
    firewall,
  ],
  [
    'a kill switch lets forwarded packets through that no rule names',
    'packages/firewall/src/kill-switch/table.ts',
    "{ ...drops, hook: 'forward'",
    "{ ...drops, policy: 'accept', hook: 'forward'",
    firewall,
  ],
  [
    'a kill switch lets packets out that no rule names',
    'packages/firewall/src/kill-switch/table.ts',
    "{ ...drops, hook: 'output'",
    "{ ...drops, policy: 'accept', hook: 'output'",
    firewall,
  ],
  [
    'a kill switch lets every protocol with the mark pass',
    'packages/firewall/src/kill-switch/table.ts',
    "({ protocol: 'udp', mark: one, verdict: 'accept' })",
    "({ mark: one, verdict: 'accept' })",
    firewall,
  ],
  [
    'a kill switch lets every user ask the name servers',
    'packages/firewall/src/kill-switch/table.ts',
    'port: 53, user: 0, verdict',
    'port: 53, verdict',
    firewall,
  ],
  [
    'a kill switch keeps letting root ask the name servers once the tunnel is up',
    'packages/quick/src/up.ts',
    '  if (lookedUp) await inner.perform',
    '  if (!lookedUp) await inner.perform',
    killSwitchOfQuick,
  ],
  [
    'a kill switch given to `up` is gone with the next reload',
    'packages/quick/src/run/options.ts',
    '|| (noted?.killSwitch ?? false))',
    ')',
    killSwitchOfQuick,
  ],
  [
    'a kill switch stays after `down`',
    'packages/quick/src/down.ts',
    'const guarded = await run.attempt(blocking)',
    'const guarded = 0',
    killSwitchOfQuick,
  ],
  [
    'a kill switch blocks the new mark while it changes',
    'packages/firewall/src/kill-switch/plan.ts',
    ' ? guard : { ...guard, alsoMark: other }',
    ' ? guard : guard',
    firewall,
  ],
  [
    'a kill switch of iptables ends in no rule that drops',
    'packages/firewall/src/iptables.ts',
    "policy === 'drop' ? ['-j DROP'] : []",
    '[]',
    firewall,
  ],
  [
    'a saved peer loses its preshared key',
    'packages/config/src/save-edit.ts',
    "  if (peer.presharedKey !== undefined) values.push(['PresharedKey', peer.presharedKey])\n",
    '',
    ['packages/config'],
  ],
  [
    'a changed preshared key is not saved',
    'packages/config/src/save-edit.ts',
    '  } else if (savedSecret !== presharedKey) edit.set',
    '  } else if (savedSecret === undefined) edit.set',
    ['packages/config'],
  ],
  [
    'undo deletes the interface of somebody else',
    'packages/quick/src/undo.ts',
    'journal.linkIndex === undefined ? !link.up : link.index === journal.linkIndex',
    'true',
    quick,
  ],
  [
    '--strict is inverted',
    'packages/quick/src/lenient.ts',
    "style === 'wgq' && !strict",
    "style === 'wgq' && strict === true",
    quick,
  ],
  [
    'a cookie is used too long',
    'packages/native/src/handshakes/party.h',
    'usable = 115 * second',
    'usable = 121 * second',
    engine('handshakes'),
  ],
  [
    'an initiation that comes again is answered',
    'packages/native/src/handshakes/handshakes.cc',
    'timestamp <= from->last_timestamp',
    'timestamp < from->last_timestamp',
    engine('handshakes'),
  ],
  [
    'initiations of a peer may come fast',
    'packages/native/src/handshakes/handshakes.cc',
    'initiation_spacing = 20 * millisecond',
    'initiation_spacing = 19 * millisecond',
    engine('handshakes'),
  ],
  [
    'a new initiation leaves the index of the older one',
    'packages/native/src/handshakes/handshakes.cc',
    '  forget_initiation(to);\n',
    '',
    engine('handshakes'),
  ],
  [
    'initiations that cross end at the other side',
    'packages/native/src/handshakes/handshakes.cc',
    'self_->public_key < from->public_key',
    'from->public_key < self_->public_key',
    engine('handshakes'),
  ],
  [
    'a session is renewed too late',
    'packages/native/src/engine/limits.h',
    'rekey_after = 120 * second',
    'rekey_after = 125 * second',
    device,
  ],
  [
    'a keypair lives too long',
    'packages/native/src/engine/limits.h',
    'reject_after = 180 * second',
    'reject_after = 185 * second',
    device,
  ],
  [
    'the secret of cookies is kept too long',
    'packages/native/src/engine/cookie.cc',
    'now - secret_birth_ >= secret_lifetime',
    'now - secret_birth_ > secret_lifetime + second',
    engine('handshake-admission'),
  ],
  [
    'the window keeps old marks in its newest word',
    'packages/native/src/engine/replay-window.h',
    'i <= fresh; i++',
    'i < fresh; i++',
    engine('replay-window'),
  ],
  [
    'a packet that is not ECN-capable is marked',
    'packages/native/src/engine/ip-packet.cc',
    'ecn == 0 || ecn == ip::ecn_ce',
    'ecn == ip::ecn_ce',
    engine('congestion'),
  ],
  [
    'a pause fills a bucket to the brim',
    'packages/native/src/engine/rate-limiter.cc',
    'std::min(most_tokens, bucket.tokens + (now - bucket.last))',
    'now == bucket.last ? bucket.tokens : most_tokens',
    engine('rate-limiter'),
  ],
  [
    'a bucket gives what it does not have',
    'packages/native/src/engine/rate-limiter.cc',
    'bucket.tokens < packet_cost',
    'bucket.tokens == 0',
    engine('rate-limiter'),
  ],
]

const root = join(import.meta.dirname, '..')
const copy = mkdtempSync(join(tmpdir(), 'wgq-mutate-'))
/** Tests → whether they pass without a mutation. */
const sound = new Map()
const word = process.argv[2] ?? ''
const chosen = mutations.filter(([name]) => name.includes(word))
const survivors = []
try {
  for (const name of [
    'packages',
    'test',
    'scripts',
    'docs',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
    'pnpm-workspace.yaml',
  ])
    cpSync(join(root, name), join(copy, name), { recursive: true, verbatimSymlinks: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  symlinkSync(join(root, 'dist'), join(copy, 'dist'))
  for (const [name, file, from, to, tests] of chosen) {
    const path = join(copy, file)
    const text = readFileSync(path, 'utf8')
    const isNative = /\.(cc|h)$/.test(file)
    const outcome = text.includes(from)
      ? tryMutation(
          path,
          text,
          text.replace(from, () => to),
          tests,
          isNative,
        )
      : 'no such line'
    if (outcome !== 'killed') survivors.push(name)
    console.log(`${outcome}: ${name}`)
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
console.log(`${chosen.length - survivors.length} of ${chosen.length} killed`)
process.exit(survivors.length === 0 ? 0 : 1)

/** Returns 'killed' if a test fails with the changed text; restores the text. */
function tryMutation(path, before, after, tests, isNative) {
  const names = tests.join(' ')
  if (!sound.has(names)) sound.set(names, failing(tests) === 0)
  if (!sound.get(names)) return 'its tests fail as it is'
  writeFileSync(path, after)
  try {
    if (isNative && run('packages/native/build.mjs').status !== 0) return 'does not compile'
    const failed = failing(tests)
    return failed === undefined ? 'no test ran' : failed === 0 ? 'SURVIVED' : 'killed'
  } finally {
    writeFileSync(path, before)
    if (isNative) run('packages/native/build.mjs')
  }
}

function run(...args) {
  return spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' })
}

/** How many tests fail, up to the first; undefined if none ran. */
function failing(tests) {
  // The tests' own output is not part of the report.
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const how = ['run', '--project', 'unit*', '--bail=1', '--reporter=json', `--outputFile=${report}`]
  run('node_modules/vitest/vitest.mjs', ...how, ...tests)
  if (!existsSync(report)) return undefined
  const { numTotalTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
  return numTotalTests === 0 ? undefined : numFailedTests
}
