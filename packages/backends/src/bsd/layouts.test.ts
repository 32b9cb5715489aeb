// SPDX-License-Identifier: MIT
import { headerTable } from '@wgq/native/bsd/header-table'
import { amd64, type Machine, machineOf } from '@wgq/native/bsd/machine'
import { broadcastMode, neighbourFlag, tunLayoutOf } from '@wgq/native/bsd/tun-layout'
import { describe, expect, test } from 'vitest'
import { peerRecord73, peerRecord74 } from '../openbsd/kernel-twin.ts'
import { recordsOf } from '../openbsd/layout.ts'
import { readVectors } from './fixtures/vectors.ts'
import { afInet, afInet6, sockaddrIn, sockaddrIn6 } from './sockaddr.ts'

// The table comes from the systems' own headers (scripts/build/headers); layouts.json was computed by hand from
// descriptions, before the headers were available, for three kinds of machines. Each checks the other.
const layouts = readVectors('layouts.json')

type System = 'freebsd' | 'openbsd' | 'netbsd'

/** The kinds of machines in layouts.json, with one processor of that kind for each system. */
const kinds: Record<string, readonly [System, string][]> = {
  lp64: [
    ['freebsd', 'x64'],
    ['freebsd', 'arm64'],
    ['openbsd', 'x64'],
    ['openbsd', 'riscv64'],
    ['netbsd', 'x64'],
  ],
  ilp32_i386: [
    ['freebsd', 'ia32'],
    ['openbsd', 'ia32'],
    ['netbsd', 'ia32'],
  ],
  ilp32_8byte_aligned_int64: [['openbsd', 'arm']],
}

const machine = (system: System, processor: string): Machine => {
  const found = machineOf(system, processor, 'LE')
  if (!found) throw new Error(`${system} ${processor} is not in the table`)
  return found
}

/** The name in the table for a name in layouts.json; undefined for other entries. */
const nameIn = (system: System, struct: string): string | undefined => {
  const [, owners = '', name = ''] = /^([^.]*)\.(.*)$/.exec(struct) ?? []
  if (!owners.split('+').some((owner) => owner === system || owner === 'bsd')) return undefined
  return name.endsWith('@6.8-7.3') ? undefined : name.replace(/@.*/, '')
}

const known = (of: Machine, name: string): number | undefined => {
  try {
    return of.fact(name)
  } catch {
    return undefined
  }
}

describe.each(
  Object.entries(kinds).flatMap(([kind, all]) => all.map(([system, cpu]) => [kind, system, cpu] as const)),
)('layouts.json, %s, and the headers of %s on %s', (kind, system, processor) => {
  const of = machine(system, processor)
  const { structs, ioctls } = layouts[kind]

  test('structures', () => {
    let compared = 0
    for (const [struct, { size, fields }] of Object.entries<{
      size: number
      fields: Record<string, { offset: number }>
    }>(structs)) {
      const name = nameIn(system, struct)
      if (name === undefined || known(of, `${name}.size`) === undefined) continue
      expect([struct, 'size', of.fact(`${name}.size`)]).toEqual([struct, 'size', size])
      for (const [field, { offset }] of Object.entries(fields)) {
        const there = known(of, `${name}.${field}`)
        if (there === undefined) continue
        expect([struct, field, there]).toEqual([struct, field, offset])
        compared++
      }
    }
    expect(compared).toBeGreaterThan(4)
  })

  test('requests', () => {
    const own = Object.entries<string>(ioctls).filter(([name]) => name.startsWith(`${system}.`))
    expect(own.length).toBeGreaterThan(0)
    for (const [name, number] of own) {
      const there = known(of, name.slice(system.length + 1))
      if (there !== undefined) expect([name, `0x${there.toString(16)}`]).toEqual([name, number.toLowerCase()])
    }
  })
})

test('the two ABIs of OpenBSD differ in the description alone', () => {
  const { structs } = layouts.lp64
  for (const [name, records] of [
    ['openbsd.wg_peer_io@6.8-7.3', peerRecord73],
    ['openbsd.wg_peer_io@7.4+', peerRecord74],
  ] as const) {
    expect(records.peer.bytes).toBe(structs[name].size)
    expect(records.peer.allowedIpCount).toBe(structs[name].fields.p_aips_count.offset)
    expect(records.peer.allowedIps).toBe(structs[name].fields.p_aips.offset)
  }
  for (const [kind, processor] of [
    ['ilp32_i386', 'ia32'],
    ['ilp32_8byte_aligned_int64', 'arm'],
  ] as const) {
    const old = layouts[kind].structs['openbsd.wg_peer_io@6.8-7.3']
    const { peer } = recordsOf(machine('openbsd', processor), '7.3')
    expect([peer.bytes, peer.allowedIpCount, peer.allowedIps]).toEqual([
      old.size,
      old.fields.p_aips_count.offset,
      old.fields.p_aips.offset,
    ])
  }
})

describe('numbers written in the code are those of every header', () => {
  const all = (['freebsd', 'openbsd', 'netbsd'] as const).flatMap((system) =>
    headerTable[system].flatMap(({ architectures }) => architectures.map((cpu) => [system, cpu] as const)),
  )

  test.each(all)('%s on %s', (system, processor) => {
    const of = machineOf(system, processor, 'LE') ?? machineOf(system, processor, 'BE')
    expect(of?.fact('AF_INET')).toBe(afInet)
    expect(of?.fact('AF_INET6')).toBe(afInet6[system])
    expect(of?.fact('sockaddr_in.size')).toBe(sockaddrIn)
    expect(of?.fact('sockaddr_in6.size')).toBe(sockaddrIn6)
    expect(of?.fact('sockaddr_in6.sin6_addr')).toBe(8)
    expect(of?.fact('sockaddr_in6.sin6_scope_id')).toBe(24)
    expect(of?.fact('ifreq.ifr_mtu')).toBe(16)
    expect(of && tunLayoutOf(system, of).ifreqBytes).toBe(of?.fact('ifreq.size'))
  })

  test('how many there are', () => {
    expect(all.length).toBe(31)
  })

  test('flags', () => {
    const freebsd = amd64('freebsd')
    expect([freebsd.fact('ND6_IFF_AUTO_LINKLOCAL'), freebsd.fact('ND6_IFF_NO_DAD')]).toEqual([
      neighbourFlag.autoLinkLocal,
      neighbourFlag.noDad,
    ])
    expect(broadcastMode).toBe(0x8002)
  })
})

test('a processor that no header speaks of has no machine', () => {
  expect(machineOf('openbsd', 's390x', 'BE')).toBeUndefined()
  expect(machineOf('freebsd', 'ppc64', 'LE')?.littleEndian).toBe(true)
  expect(machineOf('freebsd', 'ppc64', 'BE')?.littleEndian).toBe(false)
  expect(machineOf('openbsd', 'x64', 'BE')).toBeUndefined()
})
