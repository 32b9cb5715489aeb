// SPDX-License-Identifier: MIT
// scripts/verify-install: see there.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { workspace } from '../../test/support/workspace.ts'
import type { Row } from '../benchmarks/rig/tables.ts'
import { nodeFolder } from '../build/nodes.mjs'
import { FreshSystem } from './fresh-system.ts'
import { commands, tunnel } from './installed.ts'
import { keepRows } from './kept.ts'

interface Kind {
  readonly suite: string
  readonly title: string
  /** A release of npm's package `node`; without it Debian's own package is installed. */
  readonly node?: string
  /** Compilers for the addon there; empty if they are too old. */
  readonly compilers: readonly string[]
}

const kinds: Readonly<Record<string, Kind>> = {
  trixie: { suite: 'trixie', title: 'Debian 13', compilers: ['g++', 'clang++'] },
  'trixie-npm': { suite: 'trixie', title: 'Debian 13', node: '26.12.1', compilers: ['g++', 'clang++'] },
  'bookworm-npm': { suite: 'bookworm', title: 'Debian 12', node: '24.19.0', compilers: ['g++', 'clang++'] },
  'bullseye-npm': { suite: 'bullseye', title: 'Debian 11', node: '20.19.0', compilers: [] },
}
const npmVersion = '10.8.2'

const main = (): void => {
  const names = process.argv.slice(2)
  const unknown = names.filter((name) => !Object.hasOwn(kinds, name))
  if (unknown.length > 0)
    throw new Error(`no system named ${unknown.join(', ')}; there are: ${Object.keys(kinds).join(', ')}`)
  const packages = makePackages()
  try {
    for (const name of names.length > 0 ? names : Object.keys(kinds)) {
      console.log(`== ${name}`)
      verify(name, kinds[name] as Kind, packages)
    }
  } finally {
    rmSync(packages, { recursive: true, force: true })
  }
}

/** Replaces the stored rows of one system and its Node. */
const keep = (fresh: readonly Row[]): void => {
  const [{ system, node }] = fresh as [Row]
  keepRows('install', fresh, (row) => row['system'] === system && row['node'] === node)
}

/** Creates a folder with the files of a release and the committed checkout. */
const makePackages = (): string => {
  mkdirSync(join(workspace, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(workspace, '.cache/release-'))
  const env = {
    ...process.env,
    DEBFULLNAME: process.env['DEBFULLNAME'] ?? 'wgq verification',
    DEBEMAIL: process.env['DEBEMAIL'] ?? 'root@localhost',
  }
  const words = [`--out=${folder}`, '--only=linux-x64', '--prebuilt', 'deb', 'tarball', 'npm']
  execFileSync(join(workspace, 'scripts/package'), words, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const checkout = join(folder, 'checkout.tar')
  execFileSync('git', ['archive', `--output=${checkout}`, 'HEAD'], { cwd: workspace })
  return folder
}

/** Runs all steps that are possible in a system of that kind, and records their times and results. */
const verify = (name: string, kind: Kind, packages: string): void => {
  const system = new FreshSystem(kind.suite, name)
  const node = kind.node === undefined ? "Debian's" : kind.node
  const rows: Row[] = []
  const done = (what: string, script: string, network: 'own' | 'machine' = 'own', sizing = ''): void => {
    const { seconds, cpuSeconds } = system.run(script, network)
    const size = sizing && system.run(sizing).stdout.trim()
    console.log(`${what}: ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU${size && `, ${size}`}`)
    rows.push({
      system: kind.title,
      node,
      what,
      seconds: Number(seconds.toFixed(1)),
      'of CPU': Number(cpuSeconds.toFixed(1)),
      size,
    })
    keep(rows)
  }
  try {
    system.bring(packages, '/root/release')
    system.run('apt-get update -qq', 'machine')
    bringNode(system, kind.node)
    const [apt = '', npm = ''] = installCommands()
    done(
      `\`${apt}\``,
      `cd /root/release; ${apt} -y -qq --no-install-recommends`,
      'machine',
      "dpkg -s wgq | sed -n 's/^Installed-Size: \\(.*\\)/\\1 kB/p'",
    )
    done('a tunnel shakes hands, and goes', tunnel)
    system.run('apt-get purge -y -qq wgq', 'machine')
    if (kind.node === undefined) system.run('apt-get install -y -qq --no-install-recommends npm', 'machine')
    done(
      `\`${npm}\``,
      `cd /root/release; ${npm}`,
      'own',
      'du -skL "$(npm root -g)"/wgq* | awk \'{ sum += $1 } END { print sum " kB" }\'',
    )
    done('a tunnel shakes hands, and goes', tunnel)
    system.run('npm uninstall -g wgq wgq-linux-x64')
    if (kind.compilers.length > 0) buildThere(system, kind.compilers, done)
  } finally {
    system.remove()
  }
}

type Done = (what: string, script: string, network?: 'own' | 'machine', size?: string) => void

/** The archive and the checkout need a compiler. */
const buildThere = (system: FreshSystem, compilers: readonly string[], done: Done): void => {
  const tools = compilers.map((compiler) => (compiler === 'clang++' ? 'clang' : compiler)).join(' ')
  system.run(`apt-get install -y -qq --no-install-recommends make libssl-dev ${tools}`, 'machine')
  for (const compiler of compilers) {
    const unpack =
      'rm -rf /root/build; mkdir /root/build; cd /root/build; tar -xzf $(ls /root/release/wgq-*.tar.gz | grep -v linux) --strip-components=1'
    system.run(unpack)
    const version = system.run(`${compiler} -dumpversion`).stdout.trim()
    done(
      `\`make addon\` with ${compiler} ${version}`,
      `cd /root/build; CXX=${compiler} make -s addon`,
      'own',
      `cd /root/build; node -e 'require("./lib/wgq.node")'; du -k lib/wgq.node | awk '{ print $1 " kB" }'`,
    )
  }
  system.run('mkdir /root/wgq; tar -xf /root/release/checkout.tar -C /root/wgq')
  done(
    '`scripts/setup`',
    'cd /root/wgq; scripts/setup',
    'machine',
    'du -sk /root/wgq | awk \'{ print $1 " kB" }\'',
  )
  done('`scripts/wgq up`, `show`, `down`', `cd /root/wgq; ${commands('Try it', 0).join('; ')}`)
}

/** The lines of the README's first block. */
const installCommands = (): string[] => commands('Install', 0)

/** Installs Node and npm from npm in /usr/local; apt only sees an empty package of that name. */
const bringNode = (system: FreshSystem, version: string | undefined): void => {
  if (version === undefined) return
  // The official builds of Node 26 need it; Debian's minimal system lacks it.
  system.run('apt-get install -y -qq --no-install-recommends libatomic1', 'machine')
  const node = nodeFolder(version)
  for (const part of ['bin', 'include']) system.bring(join(node, part), join('/usr/local', part))
  const folder = mkdtempSync(join(workspace, '.cache/npm-'))
  try {
    const pack = spawnSync('npm', ['pack', '--silent', `--pack-destination=${folder}`, `npm@${npmVersion}`])
    if (pack.status !== 0) throw new Error(`npm ${npmVersion} cannot be fetched: ${pack.stderr}`)
    execFileSync('tar', ['-xzf', join(folder, readdirSync(folder)[0] as string), '-C', folder])
    system.bring(join(folder, 'package'), '/usr/local/lib/node_modules/npm')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  system.run(`for name in npm npx; do ln -s ../lib/node_modules/npm/bin/$name-cli.js /usr/local/bin/$name; done
    mkdir -p /root/nodejs/DEBIAN
    printf '%s\\n' 'Package: nodejs' 'Version: ${version}' 'Architecture: all' 'Maintainer: nobody <root@localhost>' 'Description: nothing' >/root/nodejs/DEBIAN/control
    dpkg-deb --build /root/nodejs /root/nodejs.deb >/dev/null
    dpkg -i /root/nodejs.deb >/dev/null`)
}

try {
  main()
} catch (error) {
  console.error(`verify-install: ${(error as Error).message}`)
  process.exitCode = 1
}
