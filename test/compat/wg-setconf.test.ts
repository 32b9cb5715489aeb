// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtBin, builtProgram, whyNotBuilt } from '../support/built-program.ts'
import { fakeDnsProgram } from '../support/fake-dns.ts'
import { Namespace, until, whyNoNetns } from '../support/netns.ts'
import { PrivateRun, whyNoPrivateRun } from '../support/private-run.ts'

// Snippets of configuration applied with `wg setconf` to a real device, recorded from the real program (golden/wg/setconf):
// exit status, messages, and the device that results, under wireguard-go and under our own daemon.
type Text = string | { readonly latin1: string }
interface Case {
  readonly name: string
  readonly 'input.conf': Text
  readonly exit: string
  readonly stderr: Text
  readonly dump: string
  readonly showconf: string
}

const cases: Case[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/wg/wg-setconf.json'), 'utf8'),
)
const bytesOf = (text: Text): Buffer =>
  typeof text === 'string' ? Buffer.from(text, 'utf8') : Buffer.from(text.latin1, 'latin1')
const device = 'wgc0'

/** A dump without what is the daemon's: order of peers, byte counters, and the port where the record calls it random. */
const comparable = (dump: string, randomPort: boolean): string[] => {
  const [first = '', ...peers] = dump.trim().split('\n')
  const head = first.split('\t')
  if (randomPort && Number(head[2]) !== 0) head[2] = '@RANDOM@'
  const rows = peers.map((line) =>
    line.split('\t').map((value, index) => (index === 5 || index === 6 ? '*' : value)),
  )
  return [head.join('\t'), ...rows.map((row) => row.join('\t')).sort()]
}

const sections = (conf: string, randomPort: boolean): string[] =>
  conf
    .replace(randomPort ? /ListenPort = [1-9][0-9]*\n/ : /$^/, 'ListenPort = @RANDOM@\n')
    .trim()
    .split(/\n\n/)
    .sort()

const daemons = { 'wireguard-go': 'wireguard-go', wgqd: join(builtBin, 'wgqd') }

// Where our daemon knows better than the recorded one: exit status and messages it should have instead.
const wgqdOwnWays: Record<string, { stderr: string; dump: RegExp }> = {
  // A port that is taken leaves the daemon on the port it had; wireguard-go is left without one.
  '026-listenport-domain': {
    stderr: 'Unable to modify interface: Address already in use\n',
    dump: /\t[1-9][0-9]*\toff\n/,
  },
  '033-listenport-5_3': {
    stderr: 'Unable to modify interface: Address already in use\n',
    dump: /\t[1-9][0-9]*\toff\n/,
  },
  // `-10.2.0.0/16` is understood; the recorded daemon is older than that.
  '119-allowedips-mixed-prefix': { stderr: '', dump: /\t10\.[0-9./,]+\t/ },
  // The zone of a link-local endpoint is kept.
  '145-endpoint-zone': { stderr: '', dump: /\[fe80::1%lo\]:51820/ },
  '146-endpoint-zone-index': { stderr: '', dump: /\[fe80::1%lo\]:51820/ },
}

const why = whyNotBuilt() ?? whyNoPrivateRun() ?? whyNoNetns()
if (why) console.log(`compat/wg-setconf skipped: ${why}`)

for (const [name, command] of Object.entries(daemons)) {
  const missing =
    why ?? (spawnSync('sh', ['-c', `command -v ${command}`]).status === 0 ? undefined : `no ${name}`)
  if (missing && !why) console.log(`compat/wg-setconf skipped for ${name}: ${missing}`)

  describe.skipIf(missing)(`wg setconf with ${name}`, () => {
    let net: Namespace
    let place: PrivateRun

    beforeAll(async () => {
      net = new Namespace('wgsetconf')
      const dns = net.start(process.execPath, ['-e', fakeDnsProgram])
      let ready = false
      dns.stdout?.on('data', () => {
        ready = true
      })
      await until('the name server', () => ready, 20_000)
      place = new PrivateRun({
        '/etc/resolv.conf': 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n',
        '/etc/hosts': '127.0.0.1 localhost\n::1 localhost\n192.0.2.60 hosts4.test\n',
      })
      place.start([command, '-f', device], net.name)
      await until('the daemon', () => existsSync(join(place.sockets, `${device}.sock`)), 20_000)
      net.run('ip', 'link', 'set', device, 'up')
    })
    afterAll(() => {
      net?.remove()
      place?.remove()
    })

    const wg = (...args: string[]) =>
      place.run([...builtProgram('wg'), ...args], {
        netns: net.name,
        env: { WG_ENDPOINT_RESOLUTION_RETRIES: '1' },
        encoding: 'latin1',
      })

    test.each(cases.map((found): [string, Case] => [found.name, found]))('%s', async (_name, found) => {
      // Every case was recorded on a fresh device.
      const cleared = await wg('setconf', device, '/dev/null')
      expect(cleared).toEqual({ status: 0, stdout: '', stderr: '' })
      writeFileSync(join(place.work, 'input.conf'), bytesOf(found['input.conf']))
      const set = await wg('setconf', device, 'input.conf')
      const own = name === 'wgqd' ? wgqdOwnWays[found.name] : undefined
      if (own) {
        expect(set).toEqual({ status: own.stderr === '' ? 0 : 1, stdout: '', stderr: own.stderr })
        expect((await wg('show', device, 'dump')).stdout).toMatch(own.dump)
        return
      }
      expect(set.stderr).toBe(bytesOf(found.stderr).toString('latin1'))
      expect(set.status).toBe(Number(found.exit))
      const random = found.dump.includes('@RANDOM@')
      const dump = await wg('show', device, 'dump')
      expect(comparable(dump.stdout, random)).toEqual(comparable(found.dump, false))
      const conf = await wg('showconf', device)
      expect(sections(conf.stdout, random)).toEqual(sections(found.showconf, false))
    })
  })
}
