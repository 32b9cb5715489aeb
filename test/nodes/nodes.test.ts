// SPDX-License-Identifier: MIT
// Every release of Node that is supported runs the unit tests of what is pure and of the addon, the script verbs against the
// recorded programs, and a tunnel. The whole suite runs on the Node of the machine.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { nodeFolder, nodeVersions } from '../../scripts/build/nodes.mjs'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { Namespace } from '../support/netns.ts'
import { PrivateRun, whyNoPrivateRun } from '../support/private-run.ts'
import { makeTextKeys } from '../support/tunnel.ts'
import { workspace } from '../support/workspace.ts'

const why =
  process.platform !== 'linux' || process.arch !== 'x64' ? 'the releases are those for x86-64' : whyNotBuilt()
if (why) console.warn(`nodes: skipped: ${why}`)
const whyNoTunnel = whyNoPrivateRun()
if (whyNoTunnel) console.warn(`nodes: tunnels: skipped: ${whyNoTunnel}`)

const units = ['model', 'config', 'keys', 'uapi'].map((name) => `packages/${name}/`)
const addon = ['aead', 'noise-primitives', 'system'].map((name) => `packages/native/src/${name}.test.ts`)
const ciphers = ['packages/native/src/aead.test.ts']
const recorded = ['strip', 'wg-program'].map((name) => `test/compat/${name}.test.ts`)

describe.skipIf(why).each(nodeVersions)('Node.js %s', (version) => {
  let node: string
  let PATH: string
  beforeAll(() => {
    node = join(nodeFolder(version), 'bin/node')
    PATH = `${dirname(node)}:${process.env['PATH']}`
  })

  // Long random runs depend on no release.
  test.each([
    ['packages of pure functions', 'unit', units],
    ['the addon', 'unit-isolated', addon],
    [
      'the recorded programs',
      'compat',
      ['--testNamePattern', '^(?!.*(random pieces|stack trace))', ...recorded],
    ],
  ])('%s', (_, project, files) => {
    const words = [join(workspace, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project, ...files]
    const done = spawnSync(node, words, { cwd: workspace, encoding: 'utf8', env: { ...process.env, PATH } })
    expect(done.status, done.stdout + done.stderr).toBe(0)
  })

  test.skipIf(whyNoTunnel)('a tunnel comes up, shakes hands, is reloaded and goes', async () => {
    const ns = new Namespace('nodes')
    const [near, far] = [makeTextKeys(), makeTextKeys()]
    const end = (own: string, peer: string, port: number, to: number, address: string, other: string) =>
      `[Interface]\nPrivateKey = ${own}\nListenPort = ${port}\nAddress = ${address}/32\n[Peer]\nPublicKey = ${peer}\nAllowedIPs = ${other}/32\nEndpoint = 127.0.0.1:${to}\nPersistentKeepalive = 1\n`
    const run = new PrivateRun()
    const wgq = (...words: string[]) =>
      run.run([join(builtBin, 'wgq'), ...words], { netns: ns.name, env: { PATH, WGQ_NODE: node } })
    try {
      const configs = {
        nod0: end(near.privateKey, far.publicKey, 51820, 51821, '10.9.0.1', '10.9.0.2'),
        nod1: end(far.privateKey, near.publicKey, 51821, 51820, '10.9.0.2', '10.9.0.1'),
      }
      ns.run('ip', 'link', 'set', 'lo', 'up')
      for (const [name, text] of Object.entries(configs))
        writeFileSync(join(run.work, `${name}.conf`), text, { mode: 0o600 })
      for (const name of Object.keys(configs))
        expect(await wgq('up', `./${name}.conf`), name).toMatchObject({ status: 0 })
      expect(await wgq('wait', 'nod0', '--handshake', '--timeout', '20')).toMatchObject({ status: 0 })
      expect(await wgq('reload', './nod0.conf')).toMatchObject({ status: 0 })
      for (const name of Object.keys(configs))
        expect(await wgq('down', `./${name}.conf`), name).toMatchObject({ status: 0 })
    } finally {
      ns.remove()
      run.remove()
    }
  })
})

// OpenSSL has other code for each generation of processors; its own variable hides what this one has (OPENSSL_ia32cap(3)).
describe.skipIf(why).each([
  ['AVX-512', ':~0x80010000'],
  ['AVX2', ':~0x80010020'],
  ['SSSE3', '~0x20000000000:~0x80010020'],
])('a processor without %s', (_, OPENSSL_ia32cap) => {
  test('no key stays on the stack', () => {
    const node = join(nodeFolder('24.19.0'), 'bin/node')
    const words = [
      join(workspace, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      'unit-isolated',
      ...ciphers,
    ]
    const done = spawnSync(node, words, {
      cwd: workspace,
      encoding: 'utf8',
      env: { ...process.env, OPENSSL_ia32cap },
    })
    expect(done.status, done.stdout + done.stderr).toBe(0)
  })
})

describe.skipIf(why)('what the documents say', () => {
  test('the README names the releases that are tested', () => {
    const readme = readFileSync(join(workspace, 'README.md'), 'utf8')
    for (const version of nodeVersions) expect(readme).toContain(version)
  })
})
