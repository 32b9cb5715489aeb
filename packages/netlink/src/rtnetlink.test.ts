// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { parseIp } from '@wgq/model/ip'
import { describe, expect, it } from 'vitest'
import { changeAddress, listAddresses } from './address.ts'
import { type BatchRequest, batchMessages, Exchange } from './exchange.ts'
import { addLink, listLinks, raiseLink } from './link.ts'
import { messagesOf } from './message-reader.ts'
import { MessageWriter } from './message-writer.ts'
import { acknowledgement, ReplaySocket, withSequence } from './replay-socket.ts'
import { addRoute, deleteRoute, listRoutes, lookUpRoute } from './route.ts'
import { addRule, deleteRule, listRules } from './rule.ts'

const recorded: Record<string, string[]> = JSON.parse(
  readFileSync(new URL('./fixtures/rtnetlink.json', import.meta.url), 'utf8'),
)
const exchangeOver = (name: string): Exchange =>
  new Exchange(
    new ReplaySocket(({ sequence }) =>
      (recorded[name] ?? []).map((hex) => withSequence(Buffer.from(hex, 'hex'), sequence)),
    ),
  )
const ip = (text: string): Uint8Array => parseIp(text) as Uint8Array
const hex = (request: BatchRequest): string => {
  const writer = new MessageWriter()
  request.fill(writer)
  return Buffer.from(writer.take()).toString('hex')
}

describe('requests carry what ip sends', () => {
  const route = { index: 7, destination: ip('10.99.0.0'), prefixLength: 16, table: 301 }
  it.each<[string, BatchRequest, string]>([
    [
      'address add 10.77.0.1/24',
      changeAddress('new', { index: 2, address: ip('10.77.0.1'), prefixLength: 24 }),
      '0218000002000000' + '080002000a4d0001' + '080001000a4d0001',
    ],
    ['link set mtu 1400 up', raiseLink(2, 1400), '00000000020000000100000001000000' + '0800040078050000'],
    [
      'link add wg0 type wireguard',
      addLink('wg0', 'wireguard'),
      `${'00'.repeat(16)}0800030077673000140012800e000100776972656775617264000000`,
    ],
    [
      'route add in table 301',
      addRoute(route, 3),
      '021000000003fd0100000000' + '080001000a630000' + '08000f002d010000' + '0800040007000000',
    ],
    [
      'route add of IPv6 in main',
      addRoute({ ...route, destination: ip('fd99::'), prefixLength: 64, table: 254 }, 3),
      `0a400000fe0300010000000014000100fd99${'00'.repeat(14)}0800040007000000`,
    ],
    [
      'route delete',
      deleteRoute(route),
      '021000000000ff0000000000' + '080001000a630000' + '08000f002d010000' + '0800040007000000',
    ],
    [
      'rule add not fwmark 51820 table 51820',
      addRule({ family: 4, notFwmark: 51820, table: 51820 }, 0),
      '020000000000000102000000' + '08000a006cca0000' + '08000f006cca0000',
    ],
    [
      'rule add table main suppress_prefixlength 0',
      addRule({ family: 4, table: 254, suppressPrefixLength: 0 }, 0),
      '02000000fe00000100000000' + '08000e0000000000',
    ],
    [
      'rule delete table 51820',
      deleteRule({ family: 4, table: 51820 }),
      '020000000000000000000000' + '08000f006cca0000',
    ],
  ])('%s', (_, request, bytes) => {
    expect(hex(request)).toBe(bytes)
  })
})

describe('answers of a real kernel', () => {
  it('links', async () => {
    expect(await listLinks(exchangeOver('links'))).toEqual([
      { index: 1, name: 'lo', mtu: 65536, up: true },
      { index: 2, name: 't0', mtu: 1500, up: true, kind: 'tun' },
    ])
  })

  it('addresses of one interface', async () => {
    const addresses = await listAddresses(exchangeOver('addresses'), 2)
    expect(addresses.filter((one) => one.scope !== 'link')).toEqual([
      { index: 2, cidr: { family: 4, address: '10.1.0.1', prefixLength: 24 }, scope: 'global' },
      { index: 2, cidr: { family: 6, address: 'fd00::1', prefixLength: 64 }, scope: 'global' },
    ])
    expect(await listAddresses(exchangeOver('addresses'), 1, 4)).toMatchObject([{ scope: 'host' }])
  })

  it('a route with a gateway, an MTU and a metric', async () => {
    expect(await listRoutes(exchangeOver('routes4'), { family: 4, table: 300 })).toEqual([
      {
        family: 4,
        dst: { family: 4, address: '10.9.0.0', prefixLength: 16 },
        table: 300,
        protocol: 3,
        index: 2,
        gateway: '10.1.0.7',
        metric: 5,
        mtu: 1300,
      },
    ])
    expect(await listRoutes(exchangeOver('routes6'), { family: 6, table: 254, index: 2 })).toMatchObject([
      { dst: { address: 'fd00::', prefixLength: 64 }, metric: 256 },
    ])
  })

  it('rules', async () => {
    expect(await listRules(exchangeOver('rules4'), 4)).toMatchObject([
      { preference: 0, table: 255 },
      { table: 4, selective: true },
      { preference: 32764, table: 254, suppressPrefixLength: 0 },
      { preference: 32765, table: 51820, notFwmark: 51820 },
      { preference: 32766, table: 254 },
      { preference: 32767, table: 253 },
    ])
  })

  it('the way to an address, or none', async () => {
    expect(await lookUpRoute(exchangeOver('route lookup'), ip('10.1.0.9'))).toMatchObject({
      index: 2,
      source: '10.1.0.1',
    })
    expect(await lookUpRoute(exchangeOver('unreachable'), ip('8.8.8.8'))).toBeUndefined()
  })

  it('a refusal in the words of the kernel', async () => {
    const request = exchangeOver('refused in words').request(24, 0, () => {})
    await expect(request).rejects.toMatchObject({ errno: 'EINVAL', extendedAck: 'Invalid scope' })
  })
})

describe('batches', () => {
  it('are datagrams of 64, each acknowledged once, and stop behind the first refusal', async () => {
    const datagrams: number[] = []
    const socket = new ReplaySocket(({ sequence, bytes }) => {
      const number = bytes.readUInt32LE(16)
      const wantsAck = (bytes.readUInt16LE(6) & 4) !== 0
      if (number === 100 || number === 102) return [acknowledgement(sequence, 17)]
      return wantsAck ? [acknowledgement(sequence)] : []
    })
    const send = socket.send.bind(socket)
    socket.send = (datagram) => {
      datagrams.push(messagesOf(datagram).length)
      send(datagram)
    }
    const requests = Array.from({ length: 300 }, (_, number) => ({
      type: 24,
      flags: 0,
      fill: (writer: MessageWriter) => writer.u32(number),
    }))
    const failure = await new Exchange(socket).batch(requests)
    expect(datagrams).toEqual([batchMessages, batchMessages])
    expect(failure).toMatchObject({ failed: 100, refusal: { errno: 'EEXIST' } })
    expect(failure?.appliedBehind).toEqual([
      101,
      ...Array.from({ length: 128 - 103 }, (_, index) => 103 + index),
    ])
  })
})
