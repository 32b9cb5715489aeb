// SPDX-License-Identifier: MIT
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program } from '../support/implementation.ts'
import { Namespace } from '../support/netns.ts'
import { PrivateRun, whyNoPrivateRun } from '../support/private-run.ts'
import { makeTextKeys } from '../support/tunnel.ts'

const why = whyNoPrivateRun()
if (why) console.warn(`features/down-broken-file: skipped: ${why}`)

describe.skipIf(why)('a file that was broken since up', () => {
  let ns: Namespace
  let own: PrivateRun
  const file = () => join(own.work, 'wgbroken.conf')
  const good = `[Interface]\nPrivateKey = ${makeTextKeys().privateKey}\nAddress = 10.9.0.1/32\n`
  beforeAll(() => {
    ns = new Namespace('broken')
    own = new PrivateRun()
  })
  afterAll(() => {
    own?.remove()
    ns?.remove()
  })
  const run = (name: 'wgq' | 'wg-quick', verb: string) =>
    own.run([program(name), verb, file()], { netns: ns.name })
  const links = () => ns.run('ls', '/sys/class/net').trim().split('\n')

  test.each([
    ['a value', '[Interface]\nPrivateKey = nonsense\nMTU = perhaps\nTable = 1.5\nAddress = 999\n'],
    ['SaveConfig', '[Interface]\nSaveConfig = perhaps\n'],
    ['its comments', '[Interface]\n# Gateway = perhaps\n# KillSwitch = perhaps\n# Exclude = 9999\n'],
    ['everything', '\u0001\u0002\n[[[\n= =\n'],
    ['its length: it is empty', ''],
  ])('does not keep the tunnel up: %s', async (_what, broken) => {
    writeFileSync(file(), good, { mode: 0o600 })
    expect(await run('wgq', 'up')).toMatchObject({ status: 0 })
    writeFileSync(file(), broken)
    expect(await run('wgq', 'down')).toMatchObject({ status: 0 })
    expect(links()).toEqual(['lo'])
  })

  test("says where it is broken; under upstream's name it refuses, as upstream does", async () => {
    writeFileSync(file(), good, { mode: 0o600 })
    expect(await run('wgq', 'up')).toMatchObject({ status: 0 })
    writeFileSync(file(), '[Interface]\nSaveConfig = perhaps\n')
    expect(await run('wg-quick', 'down')).toMatchObject({ status: 1 })
    expect(links()).toContain('wgbroken')
    expect((await run('wgq', 'down')).stderr).toContain(
      `[!] ${file()}:2:14: \`perhaps' is neither true nor false. Going by what \`up\` noted.\n`,
    )
    expect(links()).toEqual(['lo'])
  })

  test('does not when it became a folder, or a drop-in did', async () => {
    for (const folder of [file(), `${file()}.d/10-more.conf`]) {
      rmSync(file(), { recursive: true, force: true })
      writeFileSync(file(), good, { mode: 0o600 })
      expect(await run('wgq', 'up')).toMatchObject({ status: 0 })
      rmSync(folder, { force: true })
      mkdirSync(folder, { recursive: true })
      expect(await run('wgq', 'down')).toMatchObject({ status: 0 })
      expect(links()).toEqual(['lo'])
    }
  })
})
