// SPDX-License-Identifier: MIT
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Dependencies } from '../../dependencies.ts'
import { downWithoutConfig } from '../../down.ts'
import { recover } from '../../recover.ts'
import { JournalKeeper, makeRunDirectory, startJournal } from '../../run/journal.ts'
import { readJournal } from '../../run/journal-files.ts'
import { withLock } from '../../run/lock.ts'
import { lockName } from '../../run/under-lock.ts'
import { noteTry } from '../../try.ts'
import { Iptables } from './iptables.ts'
import type { Machine } from './machine.ts'
import { Stage } from './stage.ts'
import type { Tunnel } from './tunnel.ts'

const stage = new Stage()
afterAll(() => stage.clear())

let machine: Machine
let tunnel: Tunnel
let forget: () => void
beforeEach(() => {
  const set = stage.set(() => {})
  machine = set.machine
  tunnel = set.tunnel
  forget = set.forget
})

const file = (head: readonly string[] = []): string =>
  [
    '[Interface]',
    'PrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=',
    'Address = 10.9.0.2/24',
    ...head,
    '[Peer]',
    'PublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=',
    'AllowedIPs = 0.0.0.0/0',
    'Endpoint = 192.0.2.9:51820',
    '',
  ].join('\n')

/** `up --kill-switch`. */
const guarded = { killSwitch: true, killSwitchOption: true }

/** The machine's dependencies, some replaced; `run` gets the real one. */
const edgesWith = (
  change: (dependencies: Dependencies) => Partial<Dependencies>,
): { dependencies: Dependencies } => {
  const { dependencies } = tunnel.session(file())
  return { dependencies: { ...dependencies, ...change(dependencies) } }
}
const failing = (what: (program: string, args: readonly string[], input?: string) => boolean) =>
  edgesWith(({ run }) => ({
    run: async (program, args, options) =>
      what(program, args, options?.input) ? { status: 4, stdout: '' } : run(program, args, options),
  }))
/** A host that refuses the first of these operations. */
const refusing = (kind: Op['do']) =>
  edgesWith(({ host }) => ({
    host: Object.assign(Object.create(host) as typeof host, {
      apply: async (ops: readonly Op[]) => {
        if (ops.some((op) => op.do === kind))
          throw Object.assign(new WgqError('E_HOST', 'RTNETLINK answers: refused', { exitCode: 2 }), {
            applied: 0,
          })
        return host.apply(ops)
      },
    }),
  }))
const isUp = () => machine.network.links.has('wg0')

describe('without what the machine does not take', () => {
  test('a read-only sysctl: said, noted, and no difference later', async () => {
    const readOnly = edgesWith(() => ({
      writeSysctl: () => {
        throw Object.assign(new Error('EROFS'), { code: 'EROFS' })
      },
    }))
    expect(await tunnel.up(file(), { ...readOnly, strict: true })).toBe(1)
    expect(isUp()).toBe(false)
    expect(await tunnel.up(file(), readOnly)).toBe(0)
    expect(machine.printed).toContain('Going on without net.ipv4.conf.all.src_valid_mark = 1 for wg0')
    expect(await tunnel.differences(file(), readOnly)).toEqual([])
  })

  /** A part of the addresses, with name servers. */
  const part = (address: string) =>
    file([`Address = ${address}`, 'DNS = 10.9.0.1']).replace('0.0.0.0/0', '10.5.0.0/16')
  const record = () => machine.resolver.records.get('wg0')

  test('a resolvconf that fails: said, noted, no difference, no obstacle; a reload asks it again', async () => {
    const broken = failing((program, [act]) => program.endsWith('resolvconf') && act === '-a')
    expect(await tunnel.up(part('10.9.1.2/24'), broken), machine.printed).toBe(0)
    expect(await tunnel.differences(part('10.9.1.2/24'), broken)).toEqual([])
    machine.printed = ''
    expect(await tunnel.reload(part('10.9.1.3/24'), broken), machine.printed).toBe(0)
    expect(machine.printed).toContain('Going on without the name servers of wg0')
    expect(await tunnel.differences(part('10.9.1.3/24'), broken)).toEqual([])
    expect(record()).toBeUndefined()
    expect(await tunnel.reload(part('10.9.1.3/24')), machine.printed).toBe(0)
    expect(record()).toContain('nameserver 10.9.0.1')
    expect(await tunnel.down(part('10.9.1.3/24'))).toBe(0)
    expect(record()).toBeUndefined()
  })

  test('the domain ~. is every name, as without it, whatever is beside it', async () => {
    const named = file(['DNS = 10.9.0.1, ~., ~corp.example, a.example'])
    expect(await tunnel.up(named), machine.printed).toBe(0)
    expect(machine.printed).toContain('-m 0 -x')
    expect(record()).toBe('nameserver 10.9.0.1\nsearch a.example\n')
    expect(await tunnel.differences(named)).toEqual([])
    expect(await tunnel.down(named)).toBe(0)
  })

  test.each([
    ['ends with 0 for every question', 0],
    ['knows no question', 1],
  ])('a resolvconf that %s holds what it was given', async (_, status) => {
    const mute = edgesWith(({ run }) => ({
      run: async (program, args, options) =>
        program.endsWith('resolvconf') && args[0] === '-l'
          ? { status, stdout: '' }
          : run(program, args, options),
    }))
    for (const allowedIps of ['0.0.0.0/0', '10.5.0.0/16']) {
      const at = (server: string) =>
        file([`DNS = ${server}`, 'Address = 10.9.1.2/24']).replace('0.0.0.0/0', allowedIps)
      expect(await tunnel.up(at('10.9.0.1'), mute), machine.printed).toBe(0)
      expect(await tunnel.differences(at('10.9.0.1'), mute)).toEqual([])
      expect(await tunnel.reload(at('10.9.0.7'), mute), machine.printed).toBe(0)
      expect(record()).toContain('nameserver 10.9.0.7')
      expect(await tunnel.differences(at('10.9.0.7'), mute)).toEqual([])
      expect(await tunnel.down(at('10.9.0.7'), mute)).toBe(0)
      expect(record()).toBeUndefined()
    }
  })

  test('no tool for a firewall', async () => {
    const none = edgesWith(() => ({ find: (program) => (program === 'bash' ? '/bin/bash' : undefined) }))
    expect(await tunnel.up(file(), none), machine.printed).toBe(0)
    expect(machine.printed).toContain('Going on without a firewall: iptables-restore is not installed')
    expect(await tunnel.differences(file(), none)).toEqual([])
  })

  test('a firewall that refuses', async () => {
    const refuses = failing((program, args) => program === 'nft' && args[0] === '-f')
    expect(await tunnel.up(file(), { ...refuses, strict: true })).toBe(4)
    expect(await tunnel.up(file(), refuses)).toBe(0)
    expect(machine.printed).toContain('Going on without a firewall: nft refuses')
    expect(await tunnel.differences(file(), refuses)).toEqual([])
  })

  test('no raw table', async () => {
    const loaded: string[] = []
    const legacy = edgesWith(({ run }) => ({
      find: (program) => (/^(bash|ip6?tables.*)$/.test(program) ? `/memory/${program}` : undefined),
      run: async (program, args, options) => {
        if (!/tables/.test(program)) return run(program, args, options)
        if (/^\*raw/m.test(options?.input ?? '')) return { status: 3, stdout: '' }
        if (options?.input) loaded.push(options.input)
        return { status: 0, stdout: '' }
      },
    }))
    expect(await tunnel.up(file(), legacy), machine.printed).toBe(0)
    expect(machine.printed).toContain('Going on without the raw table')
    expect(loaded.join('')).toMatch(/^\*mangle\n/)
  })
})

test('a kill switch lets root ask the name servers only until the endpoints are known', async () => {
  const filesUnder = `${tunnel.runDirectory}-files`
  mkdirSync(join(filesUnder, 'etc'), { recursive: true })
  writeFileSync(join(filesUnder, 'etc/resolv.conf'), 'nameserver 192.0.2.53\n')
  const tables: string[] = []
  const edges = edgesWith(({ run }) => ({
    filesUnder,
    run: async (program, args, options) => {
      if (options?.input?.includes('wgq-kill-wg0')) tables.push(options.input)
      return run(program, args, options)
    },
  }))
  expect(await tunnel.up(file(), { ...guarded, ...edges }), machine.printed).toBe(0)
  expect(tables.map((text) => text.includes('ip daddr 192.0.2.53 udp dport 53'))).toEqual([true, false])
})

describe('down', () => {
  test('without its file goes by the journal, with the hooks of then', async () => {
    await tunnel.up(file(['PostDown = then']))
    noteTry({ runDirectory: tunnel.runDirectory, name: 'wg0' }, { token: 'x', config: '' })
    const isOnTrial = () => existsSync(join(tunnel.runDirectory, 'wg0.try'))
    expect(await downWithoutConfig(tunnel.session('', { style: 'wg-quick' }))).toBeUndefined()
    expect(isOnTrial()).toBe(true)
    machine.printed = ''
    expect(await downWithoutConfig(tunnel.session(''))).toBe(0)
    expect(machine.printed).toContain('is gone: going by what `up` noted.\n')
    expect(machine.printed).toContain('[#] then\n')
    expect([isUp(), isOnTrial()]).toEqual([false, false])
    expect(await downWithoutConfig(tunnel.session(''))).toBeUndefined()
  })

  test("under upstream's name a hook that fails keeps the tunnel", async () => {
    const hooked = file(['PreDown = false'])
    await tunnel.up(hooked)
    const hook = failing((program) => program === 'bash')
    expect(await tunnel.down(hooked, { ...hook, style: 'wg-quick' })).toBe(4)
    expect(isUp()).toBe(true)
    expect(await tunnel.down(hooked, hook)).toBe(4)
    expect(isUp()).toBe(false)
  })

  test('a signal before the interface goes', async () => {
    await tunnel.up(file())
    expect(
      await tunnel.down(file(['PreDown = true']), { style: 'wg-quick', interruption: { signal: 'SIGINT' } }),
    ).toBe(130)
    expect(isUp()).toBe(true)
  })

  test('an interface that a hook deleted: the rest is cleaned up, and it is said', async () => {
    const hooked = file(['PreDown = ip link delete %i'])
    await tunnel.up(hooked)
    machine.after = (what) => {
      if (what !== 'hook') return
      machine.network.apply({ do: 'link.delete', name: 'wg0' })
      machine.devices.delete('wg0')
    }
    expect(await tunnel.down(hooked)).not.toBe(0)
    machine.after = () => {}
    expect(machine.network.rulesOf(4).filter((rule) => rule.notFwmark)).toEqual([])
    expect(machine.firewall.list()).toBe('')
  })

  test('a file that cannot be saved does not keep the tunnel up', async () => {
    const saving = file(['SaveConfig = true'])
    await tunnel.up(saving)
    expect(await tunnel.down(saving)).toBe(0)
    expect(machine.printed).toContain('[!] wg0 is not saved: ')
    expect(isUp()).toBe(false)
  })

  test('a kill switch that nobody notes goes too, and is all there may be', async () => {
    await tunnel.up(file(), guarded)
    machine.network.apply({ do: 'link.delete', name: 'wg0' })
    machine.devices.delete('wg0')
    forget()
    expect(await tunnel.down(file())).toBe(0)
    expect(machine.firewall.list()).not.toContain('wgq-kill')
    await expect(tunnel.down(file())).rejects.toMatchObject({ code: 'E_NOT_WIREGUARD' })
  })

  test('those packet filters go too if somebody added a rule to them', async () => {
    await tunnel.up(file(), { ...guarded, exceptions: { allow: ['uid 1000'] } })
    forget()
    for (const table of ['inet wgq-kill-wg0', 'inet wgq-aside-wg0'])
      machine.firewall.tables.get(table)?.get('output')?.rules.push('tcp dport 25 accept')
    expect(machine.firewall.list()).toContain('wgq-aside-wg0')
    expect(await tunnel.down(file()), machine.printed).toBe(0)
    expect(machine.firewall.list()).toBe('')
  })

  test("name servers that cannot be taken back count under wgq's name, not under upstream's", async () => {
    const named = file(['DNS = 10.9.0.1'])
    const broken = failing((program, args) => program === 'resolvconf' && args[0] === '-d')
    await tunnel.up(named)
    expect(await tunnel.down(named, broken)).toBe(4)
    expect(isUp()).toBe(false)
    expect(await tunnel.down(named)).toBe(0)
    expect(machine.resolver.records.size).toBe(0)
    await tunnel.up(named, { style: 'wg-quick' })
    expect(await tunnel.down(named, { ...broken, style: 'wg-quick' })).toBe(0)
  })
})

describe('an up that fails', () => {
  test.each(['wgq', 'wg-quick'] as const)('%s: nothing stays, and what it says', async (style) => {
    const before = machine.snapshot()
    expect(await tunnel.up(file(), { ...refusing('rule.add'), style })).toBe(2)
    expect(machine.snapshot()).toEqual(before)
    expect(machine.printed.includes('everything is as it was before')).toBe(style === 'wgq')
  })

  test("under upstream's name the interface that was not made is deleted in vain", async () => {
    expect(await tunnel.up(file(), { ...refusing('link.add'), style: 'wg-quick' })).toBe(1)
    expect(machine.printed).toMatch(/\[#\] ip link delete dev wg0\nCannot find device "wg0"\n$/)
  })

  test("a signal gives its number under wgq's name, 1 under upstream's", async () => {
    const interruption = { signal: 'SIGTERM' } as const
    expect(await tunnel.up(file(), { interruption })).toBe(143)
    expect(await tunnel.up(file(), { interruption, style: 'wg-quick' })).toBe(1)
  })

  test('what is not a failure of a step is raised, after undoing', async () => {
    const before = machine.snapshot()
    const strange = edgesWith(() => ({
      readSysctl: (key) => {
        if (key.includes('src_valid_mark')) throw new RangeError('strange')
        return undefined
      },
    }))
    await expect(tunnel.up(file(), strange)).rejects.toThrow('strange')
    expect(machine.snapshot()).toEqual(before)
  })

  test('a fault of ours on the way back is reported, and keeps nothing else from being taken back', async () => {
    const strange = edgesWith(({ run }) => ({
      run: async (program, args, options) => {
        if (program === 'resolvconf' && args[0] === '-d') throw new TypeError('undefined is strange')
        return program === 'bash' ? { status: 5, stdout: '' } : run(program, args, options)
      },
    }))
    expect(await tunnel.up(file(['DNS = 10.9.0.1', 'PostUp = false']), strange)).toBe(1)
    expect(machine.printed).toContain('[!] internal error: undefined is strange, please report; going on.\n')
    expect(isUp()).toBe(false)
    expect(readJournal(tunnel.runDirectory, 'wg0')?.undo.map((op) => op.do)).toEqual(['dns.unset'])
  })

  test('a step of the undoing that fails stays noted, and the next run does it', async () => {
    const stuck = failing(
      (program, args) => program === 'resolvconf' || (program === 'nft' && args[0] === '-f'),
    )
    const stuckAndGuarded = { ...stuck, ...guarded }
    await tunnel.up(file(), guarded)
    machine.network.apply({ do: 'link.delete', name: 'wg0' })
    machine.devices.delete('wg0')
    expect((await recover(tunnel.session(file(), stuckAndGuarded))).get('wg0')).toBe(4)
    expect(readJournal(tunnel.runDirectory, 'wg0')?.undo.map((op) => op.do)).toContain('killswitch.off')
    expect((await recover(tunnel.session(file()))).get('wg0')).toBe(0)
    expect(machine.firewall.list()).not.toContain('wgq-kill')
  })
})

describe('with iptables, which has one call for each family', () => {
  const dual = file(['Address = fd09::2/64'])
  const split = dual.replace('0.0.0.0/0', '10.5.0.0/16')
  const exceptions = { allow: ['uid 1000'] }
  const gateway = { masquerade: 'auto', inward: false }
  let iptables: Iptables
  let edges: { dependencies: Dependencies }
  beforeEach(() => {
    iptables = new Iptables()
    edges = edgesWith((dependencies) => iptables.replaceNft(dependencies))
  })
  const rules = () => iptables.save(4) + iptables.save(6)
  const noted = () => readJournal(tunnel.runDirectory, 'wg0')?.undo.map((op) => op.do)

  test.each([
    ['a kill switch', split, guarded, /wgq-kill/],
    ['exceptions', dual, { ...guarded, exceptions }, /wgq-out/],
    ['a gateway', split, { gateway }, /MASQUERADE/],
  ])('%s whose second call fails goes with the up that fails', async (_, text, options, ofPart) => {
    iptables.refuses = (family, batch) => family === 6 && ofPart.test(batch)
    expect(await tunnel.up(text, { ...options, ...edges })).toBe(1)
    expect(machine.printed).toContain('everything is as it was before')
    expect(rules().match(/^.*(?:wg0|wgq-).*$/gm)).toBeNull()
    expect(noted()).toBeUndefined()
    iptables.refuses = () => false
    expect(await tunnel.up(text, { ...options, ...edges }), machine.printed).toBe(0)
    expect(rules()).toMatch(ofPart)
    expect(await tunnel.differences(text, { ...options, ...edges })).toEqual([])
    expect(await tunnel.down(text, edges)).toBe(0)
    expect(rules()).not.toMatch(ofPart)
  })

  test.each([
    ['a kill switch', split, guarded, /wgq-kill/],
    ['exceptions', dual, { ...guarded, exceptions }, /wgq-out/],
    ['a gateway', split, { gateway }, /MASQUERADE/],
  ])('%s whose second call fails goes with the reload that fails', async (_, text, options, ofPart) => {
    expect(await tunnel.up(text, edges), machine.printed).toBe(0)
    iptables.refuses = (family, batch) => family === 6 && ofPart.test(batch)
    expect(await tunnel.reload(text, { ...options, ...edges })).toBe(1)
    expect(machine.printed).toContain('everything is as it was before')
    expect(rules()).not.toMatch(ofPart)
    expect(await tunnel.differences(text, edges)).toEqual([])
  })

  test('a half of each that nobody notes goes with down', async () => {
    expect(await tunnel.up(dual, { ...guarded, exceptions, ...edges }), machine.printed).toBe(0)
    machine.network.apply({ do: 'link.delete', name: 'wg0' })
    machine.devices.delete('wg0')
    forget()
    iptables.tables[6].clear()
    expect(await tunnel.down(dual, edges), machine.printed).toBe(0)
    expect(rules()).not.toContain('wgq-')
    await expect(tunnel.down(dual, edges)).rejects.toMatchObject({ code: 'E_NOT_WIREGUARD' })
  })

  test('without any tool nothing stays noted, and down has nothing to take away', async () => {
    const none = edgesWith(() => ({ find: (program) => (program === 'bash' ? '/bin/bash' : undefined) }))
    const missing = { dependencies: { ...none.dependencies, run: async () => ({ status: 127, stdout: '' }) } }
    for (const options of [guarded, { gateway }]) {
      expect(await tunnel.up(split, { ...options, ...missing })).toBe(127)
      expect(noted()).toBeUndefined()
    }
    await expect(tunnel.down(split, missing)).rejects.toMatchObject({ code: 'E_NOT_WIREGUARD' })
  })
})

test('systemd-resolved forgets a link that goes: down has nothing to ask of it', async () => {
  const { machine, tunnel, clear } = stage.set(({ resolver }, folder) => resolver.use('resolvectl', folder))
  const text = file(['DNS = 10.9.0.1'])
  expect(await tunnel.up(text)).toBe(0)
  expect([...machine.resolver.links.keys()]).toEqual(['wg0'])
  expect(await tunnel.down(text)).toBe(0)
  expect(machine.printed).not.toContain('resolvectl revert')
  clear()
})

test('the kill switch of another tunnel survives the recovery of its crash', async () => {
  await tunnel.up(file(), guarded)
  const journal = readJournal(tunnel.runDirectory, 'wg0') ?? expect.fail('no journal')
  new JournalKeeper(tunnel.runDirectory, journal).update({
    state: 'starting',
    owner: { pid: 999_999_999, started: '' },
  })
  const other = { ...tunnel.session(file()), name: 'wg1' }
  expect([...(await recover(other))]).toEqual([['wg0', 0]])
  expect(isUp()).toBe(false)
  expect(machine.firewall.list()).toContain('wgq-kill-wg0')
  expect(await tunnel.up(file()), machine.printed).toBe(0)
  expect(machine.firewall.list()).toContain('wgq-kill-wg0')
  expect(await tunnel.down(file())).toBe(0)
  expect(machine.firewall.list()).toBe('')
})

test('what is left of another tunnel is not touched while a process is at work on that tunnel', async () => {
  await tunnel.up(file())
  const journal = readJournal(tunnel.runDirectory, 'wg0') ?? expect.fail('no journal')
  const keeper = new JournalKeeper(tunnel.runDirectory, journal)
  keeper.update({ state: 'starting', owner: { pid: 999_999_999, started: '' } })
  const other = { ...tunnel.session(file()), name: 'wg1' }
  const before = machine.snapshot()
  await withLock(tunnel.runDirectory, lockName('wg0'), async () => {
    expect((await recover(other)).size).toBe(0)
    expect(readJournal(tunnel.runDirectory, 'wg0')).toEqual(keeper.journal)
    expect(machine.snapshot()).toEqual(before)
  })
  expect([...(await recover(other))]).toEqual([['wg0', 0]])
  expect(isUp()).toBe(false)
})

test('what was left of another tunnel is read again under its lock', async () => {
  const left = (name: string) => {
    const keeper = new JournalKeeper(tunnel.runDirectory, startJournal(name, '/x'))
    keeper.update({ owner: { pid: 999_999_999, started: '' }, undo: [{ do: 'link.delete', name }] })
  }
  makeRunDirectory(tunnel.runDirectory)
  left('wg2')
  left('wg3')
  machine.network.apply({ do: 'link.add', name: 'wg2' })
  const session = tunnel.session(file())
  // While wg2 is cleaned up, another process brings wg3 up anew.
  const notice = (): void => {
    machine.network.apply({ do: 'link.add', name: 'wg3' })
    new JournalKeeper(tunnel.runDirectory, startJournal('wg3', '/x')).update({})
  }
  expect([...(await recover({ ...session, name: 'wg1', notice })).keys()]).toEqual(['wg2'])
  expect([...machine.network.links.keys()]).toContain('wg3')
  expect(readJournal(tunnel.runDirectory, 'wg3')?.owner.pid).toBe(process.pid)
})

test('a journal whose mark another tunnel has taken since is dropped; its rules stay', async () => {
  await tunnel.up(file())
  machine.network.apply({ do: 'link.delete', name: 'wg0' })
  machine.devices.delete('wg0')
  machine.network.apply({ do: 'link.add', name: 'wg9' })
  machine.network.apply({ do: 'link.up', dev: 'wg9', mtu: '1420' })
  const dst = { family: 4, address: '0.0.0.0', prefixLength: 0 } as const
  machine.network.apply({ do: 'route.add', dev: 'wg9', dst, table: 51_820 })
  await recover(tunnel.session(file()))
  expect(machine.network.rulesOf(4).filter((rule) => rule.notFwmark)).toHaveLength(1)
  expect(readJournal(tunnel.runDirectory, 'wg0')).toBeUndefined()
})

test('a journal of somebody else is not carried out', async () => {
  await tunnel.up(file())
  const planted = {
    ...startJournal('wg0', '/x'),
    state: 'starting',
    owner: { pid: 999_999_999, started: '' },
    undo: [{ do: 'sysctl.set', key: 'net/../../tmp/x', value: '1' }],
  }
  const path = join(tunnel.runDirectory, 'wg0.json')
  writeFileSync(path, JSON.stringify(planted))
  expect(readJournal(tunnel.runDirectory, 'wg0')).toBeUndefined()
  writeFileSync(path, JSON.stringify({ ...planted, undo: [] }))
  chmodSync(path, 0o666)
  expect((await recover(tunnel.session(file()))).size).toBe(0)
})
