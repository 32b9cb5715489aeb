// SPDX-License-Identifier: MIT
import { tunLayouts } from '@wgq/native/bsd/tun-layout'
import { describe, expect, test } from 'vitest'
import * as freebsd from '../freebsd/devices.ts'
import * as netbsd from '../netbsd/devices.ts'
import * as openbsd from '../openbsd/devices.ts'
import { allowedIpRecord, interfaceRecord, peerField, peerRecord73, peerRecord74 } from '../openbsd/layout.ts'
import { readVectors } from './fixtures/vectors.ts'
import { groupRequest, siocgifgmemb } from './interface-group.ts'
import { sockaddrIn, sockaddrIn6 } from './sockaddr.ts'

const { lp64 } = readVectors('layouts.json')
const struct = (name: string) => lp64.structs[name]
const offset = (name: string, field: string): number => struct(name).fields[field].offset

test.each([
  ['freebsd.SIOCSWG', freebsd.siocswg],
  ['freebsd.SIOCGWG', freebsd.siocgwg],
  ['openbsd.SIOCSWG', openbsd.siocswg],
  ['openbsd.SIOCGWG', openbsd.siocgwg],
  ['netbsd.SIOCSDRVSPEC', netbsd.siocsdrvspec],
  ['netbsd.SIOCGDRVSPEC', netbsd.siocgdrvspec],
  ['freebsd.SIOCGIFGMEMB', siocgifgmemb],
  ['openbsd.SIOCGIFGMEMB', siocgifgmemb],
  ['freebsd.TUNSIFHEAD', tunLayouts.freebsd.setHead],
  ['freebsd.TUNSIFMODE', tunLayouts.freebsd.setMode],
  ['freebsd.TUNGIFNAME', tunLayouts.freebsd.getName],
  ['freebsd.SIOCSIFNAME', tunLayouts.freebsd.setName],
  ['freebsd.SIOCSIFMTU', tunLayouts.freebsd.setMtu],
  ['freebsd.SIOCIFDESTROY', tunLayouts.freebsd.destroy],
  ['openbsd.SIOCSIFMTU', tunLayouts.openbsd.setMtu],
  ['netbsd.TUNSIFHEAD', tunLayouts.netbsd.setHead],
  ['netbsd.SIOCSIFMTU', tunLayouts.netbsd.setMtu],
  ['netbsd.SIOCIFDESTROY', tunLayouts.netbsd.destroy],
])('%s', (name, number) => {
  expect(`0x${number?.toString(16)}`).toBe(lp64.ioctls[name])
})

describe('argument blocks', () => {
  test('freebsd.wg_data_io', () => {
    expect(freebsd.dataBlock).toEqual({
      bytes: struct('freebsd.wg_data_io').size,
      pointer: offset('freebsd.wg_data_io', 'wgd_data'),
      size: offset('freebsd.wg_data_io', 'wgd_size'),
    })
  })

  test('openbsd.wg_data_io', () => {
    expect(openbsd.dataBlock).toEqual({
      bytes: struct('openbsd.wg_data_io').size,
      pointer: offset('openbsd.wg_data_io', 'wgd_interface'),
      size: offset('openbsd.wg_data_io', 'wgd_size'),
    })
  })

  test('netbsd.ifdrv', () => {
    expect(netbsd.driverBlock).toEqual({
      bytes: struct('netbsd.ifdrv').size,
      command: offset('netbsd.ifdrv', 'ifd_cmd'),
      length: offset('netbsd.ifdrv', 'ifd_len'),
      pointer: offset('netbsd.ifdrv', 'ifd_data'),
    })
  })

  test('ifgroupreq, sockaddr, ifreq', () => {
    expect(groupRequest).toEqual({
      bytes: struct('bsd.ifgroupreq').size,
      length: offset('bsd.ifgroupreq', 'ifgr_len'),
      pointer: offset('bsd.ifgroupreq', 'u'),
    })
    expect([sockaddrIn, sockaddrIn6]).toEqual([
      struct('bsd.sockaddr_in').size,
      struct('bsd.sockaddr_in6').size,
    ])
    expect(tunLayouts.freebsd.ifreqBytes).toBe(struct('freebsd+openbsd.ifreq').size)
    expect(tunLayouts.netbsd.ifreqBytes).toBe(struct('netbsd.ifreq').size)
  })
})

describe('records of OpenBSD', () => {
  test('interface', () => {
    const name = 'openbsd.wg_interface_io'
    expect(interfaceRecord).toEqual({
      bytes: struct(name).size,
      flags: offset(name, 'i_flags'),
      port: offset(name, 'i_port'),
      rtable: offset(name, 'i_rtable'),
      publicKey: offset(name, 'i_public'),
      privateKey: offset(name, 'i_private'),
      peerCount: offset(name, 'i_peers_count'),
    })
  })

  test.each([
    ['openbsd.wg_peer_io@6.8-7.3', peerRecord73],
    ['openbsd.wg_peer_io@7.4+', peerRecord74],
  ])('%s', (name, layout) => {
    expect(layout).toEqual({ bytes: struct(name).size, allowedIpCount: offset(name, 'p_aips_count') })
    expect(peerField).toEqual({
      flags: offset(name, 'p_flags'),
      protocolVersion: offset(name, 'p_protocol_version'),
      publicKey: offset(name, 'p_public'),
      presharedKey: offset(name, 'p_psk'),
      keepaliveSeconds: offset(name, 'p_pka'),
      endpoint: offset(name, 'p_endpoint'),
      txBytes: offset(name, 'p_txbytes'),
      rxBytes: offset(name, 'p_rxbytes'),
      handshakeSeconds: offset(name, 'p_last_handshake'),
      handshakeNanoseconds: offset(name, 'p_last_handshake') + 8,
    })
  })

  test('allowed ip', () => {
    expect(allowedIpRecord).toEqual({
      bytes: struct('openbsd.wg_aip_io').size,
      family: offset('openbsd.wg_aip_io', 'a_af'),
      prefixLength: offset('openbsd.wg_aip_io', 'a_cidr'),
      address: offset('openbsd.wg_aip_io', 'a_addr'),
    })
  })
})
