// SPDX-License-Identifier: MIT
// The wgqd program: going to the background, descriptors that are handed over, what it says when it cannot start.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { socketFolder } from '../support/daemon.ts'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { Namespace, until } from '../support/netns.ts'

const why = whyNoTunnel()
if (why) console.log(`wgqd program tests skipped: ${why}`)

const noPython = spawnSync('python3', ['--version']).status !== 0
if (noPython) console.log('tests that hand descriptors over skipped: no python3')

const wgqd = program('wgqd')
const newName = () => `wgb${randomBytes(4).toString('hex')}`
const socketOf = (name: string) => `${socketFolder}/${name}.sock`

describe.skipIf(why)('wgqd', () => {
  const spaces: Namespace[] = []
  const names: string[] = []
  const folders: string[] = []
  const space = () => {
    const made = new Namespace('program')
    spaces.push(made)
    return made
  }
  const interfaceName = () => {
    const made = newName()
    names.push(made)
    return made
  }
  afterEach(() => {
    for (const ns of spaces.splice(0)) ns.remove()
    for (const name of names.splice(0)) rmSync(socketOf(name), { force: true })
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
  })

  it('returns when the interface can be used, and holds nothing of its caller', () => {
    const ns = space()
    const name = interfaceName()
    // A daemon that kept the pipe open would hold up whoever reads it to its end.
    const started = ns.tryRun(wgqd, [name], { timeoutMs: 20_000 })
    expect(started).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect(ns.run('wg', 'show', name)).toContain(`interface: ${name}`)
    expect(ns.run('ip', '-o', 'link', 'show', name)).toMatch(/mtu 1420 .*qlen 1000/)
  })

  it('ends when its socket is removed in the background too', async () => {
    const ns = space()
    const name = interfaceName()
    ns.run(wgqd, name)
    unlinkSync(socketOf(name))
    await until('the interface to go', () => ns.tryRun('ip', ['link', 'show', name]).status !== 0)
  })

  it('passes the reason on when it cannot start', () => {
    const ns = space()
    const name = interfaceName()
    ns.run(wgqd, name)
    const again = ns.tryRun(wgqd, [name])
    expect(again.status).toBe(1)
    expect(again.stderr).toMatch(/^wgqd: .*(in use|exists already).*\n$/)
    expect(ns.run('wg', 'show', name)).toContain(name)
  })

  it.each([[[]], [['a', 'b']], [['--x']], [['x/y']], [['0123456789abcdef']]])(
    'refuses %j in one line',
    (args) => {
      const done = spawnSync(wgqd, args, { encoding: 'utf8' })
      expect(done.status).toBe(1)
      expect(done.stderr).toMatch(/^wgqd: .*\n$/)
    },
  )

  it('tells its version', () => {
    expect(spawnSync(wgqd, ['--version'], { encoding: 'utf8' }).stdout).toMatch(/^wgqd v[0-9]/)
  })

  it.skipIf(noPython)('takes a TUN and tells its name', () => {
    const ns = space()
    const name = interfaceName()
    const folder = mkdtempSync(join(tmpdir(), 'wgqd-'))
    folders.push(folder)
    // TUNSETIFF with IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, then the daemon with the descriptor.
    const script = `
import fcntl, os, struct, subprocess, sys
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', sys.argv[2].encode(), 0x5001))
env = {**os.environ, 'WG_TUN_FD': str(fd), 'WG_TUN_NAME_FILE': sys.argv[3]}
sys.exit(subprocess.run([sys.argv[1], sys.argv[2]], env=env, pass_fds=[fd]).returncode)`
    const started = ns.tryRun('python3', ['-c', script, wgqd, name, join(folder, 'name')])
    expect(started).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(join(folder, 'name'), 'utf8')).toBe(`${name}\n`)
    expect(ns.run('wg', 'show', name)).toContain(name)
  })

  it.skipIf(noPython)('serves a socket that was handed over, and leaves it to its owner', async () => {
    const ns = space()
    const name = interfaceName()
    const folder = mkdtempSync(join(tmpdir(), 'wgqd-'))
    folders.push(folder)
    const script = `
import os, socket, subprocess, sys
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[3]); listening.listen(5)
env = {**os.environ, 'WG_UAPI_FD': str(listening.fileno())}
status = subprocess.run([sys.argv[1], sys.argv[2]], env=env, pass_fds=[listening.fileno()]).returncode
client = socket.socket(socket.AF_UNIX); client.connect(sys.argv[3]); client.send(b'get=1\\n\\n')
print(client.recv(100)); sys.exit(status)`
    const path = join(folder, 'own.sock')
    const done = ns.tryRun('python3', ['-c', script, wgqd, name, path])
    expect(done).toMatchObject({ status: 0, stdout: "b'errno=0\\n\\n'\n", stderr: '' })
    expect(existsSync(socketOf(name))).toBe(false)
    ns.run('ip', 'link', 'delete', name)
    expect(existsSync(path)).toBe(true)
  })

  it('gives up privileges it does without', async () => {
    const ns = space()
    const name = interfaceName()
    const child = ns.start(wgqd, ['-f', name])
    await until('the socket', () => existsSync(socketOf(name)))
    const status = await until('fewer privileges', () => {
      const text = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      return /NoNewPrivs:\t1/.test(text) && text
    })
    // CAP_NET_BIND_SERVICE, CAP_NET_BROADCAST, CAP_NET_ADMIN.
    expect(/CapEff:\t([0-9a-f]+)/.exec(status)?.[1]).toBe('0000000000001c00')
  })
})
