// SPDX-License-Identifier: MIT
// The file of keys that Wireshark decrypts captures with.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Daemon } from '../support/daemon.ts'
import { program, testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { Namespace, until } from '../support/netns.ts'
import { Tunnel } from '../support/tunnel.ts'

const why = testingOurs ? whyNoTunnel() : 'of wgqd alone'
if (why) console.log(`key log tests skipped: ${why}`)
const tshark = spawnSync('tshark', ['--version']).status === 0

describe.skipIf(why)('a key log', () => {
  let folder: string
  let tunnel: Tunnel | undefined
  const spaces: Namespace[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgq-keys-'))
  })
  afterEach(() => {
    tunnel?.remove()
    tunnel = undefined
    for (const ns of spaces.splice(0)) ns.remove()
    rmSync(folder, { recursive: true })
  })

  it.each(['initiator', 'responder'] as const)('has the keys of the %s, for nobody else', async (role) => {
    const keys = join(folder, 'keys')
    writeFileSync(keys, '', { mode: 0o644 })
    const [first, second] = role === 'initiator' ? [true, false] : [false, true]
    tunnel = await Tunnel.open({
      label: 'keys',
      psk: true,
      knows: [first, second],
      env: { WGQ_KEYLOG: keys },
    })
    const { a, b, psk } = tunnel
    const capture = join(folder, 'capture')
    const dump = a.ns.start('tcpdump', ['-i', 'veth0', '--immediate-mode', '-U', '-w', capture, 'udp'])
    await new Promise((resolve) => dump.stderr?.once('data', resolve))
    expect(tunnel.ping(role === 'initiator' ? 'a' : 'b')).toBe(true)
    const text = await until('the keys of both', () => {
      const found = readFileSync(keys, 'utf8')
      return found.split('LOCAL_EPHEMERAL_PRIVATE_KEY').length > 2 && found
    })
    expect(text).toContain(
      `LOCAL_STATIC_PRIVATE_KEY = ${a.keys.privateKey}\nREMOTE_STATIC_PUBLIC_KEY = ${b.keys.publicKey}\nLOCAL_EPHEMERAL_PRIVATE_KEY = `,
    )
    expect(text).toMatch(/LOCAL_EPHEMERAL_PRIVATE_KEY = [A-Za-z0-9+/]{43}=\nPRESHARED_KEY = /)
    expect(text).toContain(`PRESHARED_KEY = ${psk}\n`)
    expect(statSync(keys).mode & 0o777).toBe(0o600)
    expect(a.daemon.log).toContain(`The keys of every session are written to ${keys}`)
    const doctor = a.ns.tryRun(program('wgq'), ['doctor', a.device]).stdout
    expect(doctor).toContain('WGQ_KEYLOG')
    if (!tshark) return
    const decrypted = () =>
      spawnSync('tshark', ['-r', capture, '-o', `wg.keylog_file:${keys}`, '-Y', 'icmp'], { encoding: 'utf8' })
        .stdout
    await until('the packets inside', () => /Echo \(ping\) reply/.test(decrypted()), 20_000)
    dump.kill('SIGINT')
  })

  it.each([
    ['a folder', '.'],
    ['a file in a folder that is not there', 'none/keys'],
  ])('that is %s is refused', async (_, name) => {
    const ns = new Namespace('keys')
    spaces.push(ns)
    const daemon = Daemon.launch(ns, { env: { WGQ_KEYLOG: join(folder, name) } })
    await until('the end', () => daemon.ended)
    expect(daemon.log).toContain('The keys cannot be written to')
  })
})
