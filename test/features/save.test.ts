// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'

const why = whyNoTunnel()
if (why) console.warn(`features/save: skipped: ${why}`)

describe.skipIf(why)('save of a running tunnel', () => {
  let tunnel: LiveTunnel
  let original: string
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    original = `# at home\n${tunnel.defaultConfig()}`
    tunnel.write(original)
    tunnel.up()
    const alpha = tunnel.peers[0]?.publicKey as string
    const set = tunnel.wgq('set', tunnel.device, 'peer', alpha, 'persistent-keepalive', '25')
    expect(set.status, set.stderr).toBe(0)
  })
  beforeEach(() => tunnel.write(original))
  afterAll(() => tunnel?.remove())

  const files = () => readdirSync(dirname(tunnel.configPath)).sort()

  test('--dry-run prints the change without keys and writes nothing', () => {
    const before = statSync(tunnel.configPath)
    const done = tunnel.wgq('save', '--dry-run', tunnel.configPath)
    expect(done.status, done.stderr).toBe(0)
    expect(done.stdout).toMatch(
      new RegExp(`^--- ${tunnel.configPath}\n\\+\\+\\+ ${tunnel.configPath}\n@@ -\\d`),
    )
    expect(done.stdout.match(/^[+-](?![+-]).*$/gm)).toEqual(['+PersistentKeepalive = 25'])
    expect(tunnel.read()).toBe(original)
    expect(statSync(tunnel.configPath).mtimeMs).toBe(before.mtimeMs)
    expect(files()).toEqual([`${tunnel.device}.conf`])
  })

  test('--dry-run hides keys also where they are what changes', () => {
    tunnel.write(original.replace(tunnel.keys.privateKey, `${'A'.repeat(42)}E=`))
    const { stdout } = tunnel.wgq('save', '-n', tunnel.configPath)
    expect(stdout).toContain('-PrivateKey = (hidden)\n+PrivateKey = (hidden)\n')
    expect(stdout).not.toContain(tunnel.keys.privateKey)
    expect(stdout).not.toContain('AAAAA')
  })

  test('save changes that line alone and keeps the file as it was', () => {
    const done = tunnel.wgq('save', tunnel.configPath)
    expect(done.status, done.stderr).toBe(0)
    expect(tunnel.read().replace('PersistentKeepalive = 25\n', '')).toBe(original)
    expect(files()).toEqual([`${tunnel.device}.conf`, `${tunnel.device}.conf.bak`])
    const backup = `${tunnel.configPath}.bak`
    expect(readFileSync(backup, 'utf8')).toBe(original)
    expect(statSync(backup).mode & 0o777).toBe(0o600)
    // A save that changes nothing leaves the older version where it is.
    expect(tunnel.wgq('save', tunnel.configPath).status).toBe(0)
    expect(readFileSync(backup, 'utf8')).toBe(original)
    expect(tunnel.wgq('save', '--dry-run', tunnel.configPath)).toMatchObject({ status: 0, stdout: '' })
  })

  test('a port and a mark that somebody set are saved, and the saved file is in sync', () => {
    const without = original.replace('ListenPort = 51820\n', '')
    tunnel.write(without)
    const marked = (mark: string) => tunnel.wgq('set', tunnel.device, 'fwmark', mark).status
    expect(marked('0x99')).toBe(0)
    expect(tunnel.wgq('save', tunnel.configPath).status).toBe(0)
    expect(tunnel.read()).toMatch(/^ListenPort = 51820$/m)
    expect(tunnel.read()).toMatch(/^FwMark = 0x99$/m)
    expect(tunnel.wgq('diff', tunnel.configPath)).toMatchObject({ status: 0, stdout: '' })
    expect(marked('0')).toBe(0)
    expect(tunnel.wgq('set', tunnel.device, 'listen-port', '40123').status).toBe(0)
    tunnel.write(without)
    expect(tunnel.wgq('save', tunnel.configPath).status).toBe(0)
    expect(tunnel.read()).not.toMatch(/ListenPort|FwMark/)
    expect(tunnel.wgq('set', tunnel.device, 'listen-port', '51820').status).toBe(0)
  })

  /** Runs a script in a mount namespace of its own, with the program, the file and its folder as `$1`, `$2` and `$3`. */
  const mounted = (script: string) =>
    tunnel.ns.tryRun('sh', [
      '-ec',
      script,
      'sh',
      program('wgq'),
      tunnel.configPath,
      dirname(tunnel.configPath),
    ])

  test('a file that is a mount of its own is written in place', () => {
    const own = `${tunnel.configPath}.own`
    writeFileSync(own, original, { mode: 0o640 })
    const done = mounted(`mount --bind "${own}" "$2"; "$1" save "$2"`)
    expect(done.status, done.stderr).toBe(0)
    expect(readFileSync(own, 'utf8').replace('PersistentKeepalive = 25\n', '')).toBe(original)
    expect(readFileSync(own, 'utf8')).toContain('PersistentKeepalive = 25')
    expect(statSync(own).mode & 0o777).toBe(0o640)
    expect(tunnel.read()).toBe(original)
    rmSync(own)
    expect(files()).toEqual([`${tunnel.device}.conf`, `${tunnel.device}.conf.bak`])
  })

  test('a folder that cannot be written: save says so, down goes on, and nothing is left there', () => {
    rmSync(`${tunnel.configPath}.bak`)
    tunnel.write(original.replace('[Interface]', '[Interface]\nSaveConfig = true'))
    const readOnly = 'mount --bind "$3" "$3"; mount -o remount,bind,ro "$3"'
    const saved = mounted(`${readOnly}; "$1" save "$2"`)
    expect(saved.status).toBe(1)
    expect(saved.stderr).toMatch(/cannot be written: Read-only file system\n {2}hint: .*save --dry-run/)
    const down = mounted(`${readOnly}; "$1" down "$2"`)
    expect(down.status, down.stderr).toBe(0)
    expect(down.stderr).toContain(`[!] ${tunnel.device} is not saved: `)
    expect(tunnel.ns.tryRun('ip', ['link', 'show', 'dev', tunnel.device]).status).not.toBe(0)
    expect(files()).toEqual([`${tunnel.device}.conf`])
  })
})
