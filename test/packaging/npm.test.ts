// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blocksOf } from '../docs/blocks.ts'
import { builtBin } from '../support/built-program.ts'
import { Namespace } from '../support/netns.ts'
import { PrivateRun, whyNoPrivateRun } from '../support/private-run.ts'
import { makeTextKeys } from '../support/tunnel.ts'
import { workspace } from '../support/workspace.ts'
import { browser, bundleForBrowsers, documentOf } from './browser-page.ts'
import { Consumer } from './consumer.ts'
import { makePackages } from './packages.ts'

// With the addon of this machine: cross-compiling takes minutes, and scripts/package prebuilt shows that it works.
const platform = `linux-${process.arch}`
const { version } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8'))

describe.skipIf(process.platform !== 'linux')('the npm packages', () => {
  let made: Readonly<Record<string, string>>
  let prefix: string
  beforeAll(() => {
    made = makePackages([`--only=${platform}`, '--here', 'npm'])
    prefix = mkdtempSync(join(tmpdir(), 'wgq-npm-'))
  })
  afterAll(() => {
    rmSync(prefix, { recursive: true, force: true })
    rmSync(dirname(Object.values(made)[0] as string), { recursive: true, force: true })
  })

  const run = (command: string, words: readonly string[], input = '') =>
    spawnSync(command, words, { encoding: 'utf8', input })

  test('install from files without a network, and run', () => {
    const files = ['wgq', `wgq-${platform}`].map((name) => made[`${name}-${version}.tgz`] as string)
    const words = ['install', '--global', '--offline', '--prefix', prefix, ...files]
    const done = run('npm', words)
    expect(done.status, done.stderr).toBe(0)
    const bin = (name: string) => join(prefix, 'bin', name)
    expect(run(bin('wg'), ['--version']).stdout).toContain('wireguard-tools v1.0.')
    expect(run(bin('wg-quick'), ['--help']).status).toBe(0)
    expect(run(bin('wg'), ['pubkey'], 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=\n').stdout).toBe(
      '4IUzPqubfRlDIYinPVHESUOS0ogYfx60SsfyAaj1rW4=\n',
    )
    // The addon was found in the package of the platform.
    expect(run(bin('wgqd'), ['--version']).stdout).toMatch(/Cryptography: .*OpenSSL [0-9]/)
  })

  test('no package has an install script; that of the platform names its system', () => {
    const manifest = (name: string) =>
      JSON.parse(readFileSync(join(prefix, 'lib/node_modules', name, 'package.json'), 'utf8'))
    expect(manifest('wgq').scripts).toBeUndefined()
    expect(Object.keys(manifest('wgq').optionalDependencies)).toContain(`wgq-${platform}`)
    expect(manifest(`wgq-${platform}`)).toMatchObject({ os: ['linux'], cpu: [process.arch], libc: ['glibc'] })
    expect(manifest(`wgq-${platform}`).scripts).toBeUndefined()
  })

  describe('the libraries', () => {
    const guide = 'docs/guides/library.md'
    const examples = blocksOf(guide).filter(({ language }) => language === 'ts')
    const isLibrary = (file: string) => !/^wgq-(\d|linux-)/.test(basename(file))
    let consumer: Consumer
    beforeAll(() => {
      const files = Object.values(made).filter((file) => !basename(file).startsWith(`wgq-${version}`))
      consumer = new Consumer(files)
      for (const { line, text } of examples) consumer.write(`example-${line}.ts`, `${text}\nexport {}\n`)
    })
    afterAll(() => consumer?.remove())
    const compiled = (line: number) => join(consumer.folder, `out/example-${line}.js`)
    /** The example below a title. */
    const example = (title: string) => {
      const at = readFileSync(join(workspace, guide), 'utf8').split('\n').indexOf(`## ${title}`)
      return examples.find(({ line }) => line > at)?.line as number
    }

    const browserExample = () => examples.find(({ text }) => text.includes('newPeer'))?.line as number

    test("publint and 'are the types wrong' find nothing", () => {
      const bin = join(workspace, 'node_modules/.bin')
      const libraries = Object.values(made).filter(isLibrary)
      expect(libraries).toHaveLength(11)
      for (const file of libraries) {
        expect(run(join(bin, 'publint'), ['--strict', file]), file).toMatchObject({ status: 0 })
        expect(run(join(bin, 'attw'), ['--profile', 'esm-only', '--quiet', file]), file).toMatchObject({
          status: 0,
        })
      }
    })

    test('say what they need: Node, versions of each other, and nothing that is compiled when it is installed', () => {
      for (const file of Object.values(made).filter(isLibrary)) {
        const name = `@wgq/${basename(file).replace(/^wgq-|-[0-9].*$/g, '')}`
        const manifest = consumer.manifest(name)
        expect(manifest, name).toMatchObject({ type: 'module', engines: { node: '>=20.19' }, version })
        expect(manifest['scripts'], name).toBeUndefined()
        for (const [dependency, its] of Object.entries(manifest['dependencies'] ?? {}))
          if (dependency.startsWith('@wgq/')) expect(its, `${name}: ${dependency}`).toBe(version)
      }
    })

    test('compile and run the examples of the guide in a project of somebody else', () => {
      expect(consumer.compile()).toBe('')
      for (const { line } of examples.filter(({ status }) => status !== undefined)) {
        const done = run(process.execPath, [compiled(line)])
        expect(done, `${line}`).toMatchObject({ status: 0, stderr: '' })
        expect(done.stdout).not.toBe('')
      }
    })

    describe('in a bundle for browsers', () => {
      test('public keys are those that Node and the addon compute', () => {
        const entry = consumer.write(
          'in-browser.js',
          "export { derivePublicKey } from '@wgq/keys/derive'\nexport { keyFromBytes, keyBytes } from '@wgq/model/key'\n",
        )
        bundleForBrowsers(entry, join(consumer.folder, 'bundle.mjs'))
        const compare = consumer.write(
          'compare.mjs',
          `import { randomBytes } from 'node:crypto'
import { derivePublicKey as inNode } from '@wgq/keys/derive'
import { importPrivateKey } from '@wgq/native/noise-primitives'
import { derivePublicKey, keyFromBytes } from './bundle.mjs'
const edges = [0, 1, 0x7f, 0x80, 0xff].map((byte) => Buffer.alloc(32, byte))
for (const secret of [...edges, ...Array.from({ length: 200 }, () => randomBytes(32))]) {
  const publicKey = Buffer.alloc(32)
  importPrivateKey(secret, publicKey)
  const key = keyFromBytes(secret)
  const all = [publicKey.toString('base64'), inNode(key), derivePublicKey(key)]
  if (new Set(all).size !== 1) throw new Error(all.join(' '))
}
console.log('equal')
`,
        )
        expect(run(process.execPath, [compare])).toMatchObject({ stdout: 'equal\n', stderr: '' })
      })

      if (!browser) console.warn('packaging/npm: a page: skipped: no chromium')
      test.skipIf(!browser)('a page makes a pair of keys, and a QR code of a configuration', () => {
        const example = join(consumer.folder, `example-${browserExample()}.ts`)
        const bundle = bundleForBrowsers(example, join(consumer.folder, 'page.mjs'))
        const show =
          "const { publicKey, config, svg } = newPeer(); document.body.innerHTML = '<p>' + publicKey + '</p><pre>' + config + '</pre>' + svg"
        const shown = documentOf(consumer.folder, `${readFileSync(bundle, 'utf8')}\n${show}`)
        const publicKey = /<p>(\S{44})<\/p>/.exec(shown)?.[1]
        const privateKey = /PrivateKey = (\S{44})\n/.exec(shown)?.[1] as string
        expect(run(join(builtBin, 'wg'), ['pubkey'], `${privateKey}\n`).stdout).toBe(`${publicKey}\n`)
        expect(shown).toMatch(/<svg [^>]*viewBox[\s\S]*<\/svg>/)
      })
    })

    test.skipIf(whyNoPrivateRun())('bring a tunnel up, look at it, reload it and take it down', async () => {
      const ns = new Namespace('library')
      const own = new PrivateRun()
      const file = join(own.work, 'lib0.conf')
      writeFileSync(
        file,
        `[Interface]\nPrivateKey = ${makeTextKeys().privateKey}\nAddress = 10.9.0.1/32\n[Peer]\nPublicKey = ${makeTextKeys().publicKey}\nAllowedIPs = 10.9.1.0/24\n`,
        { mode: 0o600 },
      )
      try {
        const words = [process.execPath, compiled(example('Tunnels')), join(builtBin, 'wgq'), file]
        const done = await own.run(words, { netns: ns.name })
        expect(done, done.stderr).toMatchObject({ status: 0 })
        // A kernel without the driver is not an error where the data plane takes over.
        expect(done.stderr).not.toMatch(/Error/)
        expect(done.stdout).toMatch(/^done: (link\.add|daemon\.start)$/m)
        expect(done.stdout).toMatch(/^done: route\.add$/m)
        expect(done.stdout).toMatch(/^0 differences$/m)
        expect(ns.run('ls', '/sys/class/net').trim()).toBe('lo')

        // A program that comes later ends a tunnel whose file was broken meanwhile.
        const bin = (name: string) => join(builtBin, name)
        await own.run([bin('wgq'), 'up', file], { netns: ns.name })
        writeFileSync(file, '[Interface]\nSaveConfig = perhaps\n')
        const end = consumer.write(
          'end.mjs',
          `import { down } from '@wgq/quick/down'
import { openSession } from '@wgq/quick/open-session'
const print = (text) => process.stdout.write(text)
const session = await openSession(process.argv[2], { binDirectory: ${JSON.stringify(builtBin)}, print, toEnd: true })
process.exitCode = await down(session)
session.dependencies.host.close()
`,
        )
        const ended = await own.run([process.execPath, end, file], { netns: ns.name })
        expect(ended, ended.stderr).toMatchObject({ status: 0, stderr: '' })
        expect(ended.stdout).toMatch(/^\[!\] \S+lib0\.conf:2:14: .*Going by what `up` noted\.$/m)
        expect(ns.run('ls', '/sys/class/net').trim()).toBe('lo')
      } finally {
        own.remove()
        ns.remove()
      }
    })
  })
})
