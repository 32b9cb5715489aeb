// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { headerValid, packetOf, sum16, transportValid } from './fixtures/packets.ts'
import { unreachable } from './testing.ts'

const payload = new Uint8Array(2000)

test('IPv4: host unreachable from the unreachable address, quoting 576 bytes at most', () => {
  const packet = packetOf({ protocol: 'udp', payload })
  const answer = Buffer.from(unreachable(packet) ?? [])
  expect(answer.length).toBe(576)
  expect(headerValid(answer)).toBe(true)
  expect([...answer.subarray(12, 20)]).toEqual([10, 77, 0, 2, 10, 77, 0, 1])
  expect([answer[9], answer[20], answer[21]]).toEqual([1, 3, 1])
  expect(sum16(answer.subarray(20))).toBe(0xffff)
  expect(answer.subarray(28)).toEqual(packet.subarray(0, 548))
})

test('IPv6: address unreachable, quoting up to the minimum MTU', () => {
  const packet = packetOf({ version: 6, protocol: 'udp', payload })
  const answer = Buffer.from(unreachable(packet) ?? [])
  expect(answer.length).toBe(1280)
  expect([answer[6], answer[40], answer[41]]).toEqual([58, 1, 3])
  expect(answer.subarray(8, 24)).toEqual(packet.subarray(24, 40))
  expect(transportValid(answer, 40, 58)).toBe(true)
})

test('errors, multicast and later fragments are not answered', () => {
  const error = unreachable(packetOf({ payload })) ?? new Uint8Array()
  expect(error.length).toBeGreaterThan(0)
  expect(unreachable(error)).toBeUndefined()
  const error6 = unreachable(packetOf({ version: 6, payload })) ?? new Uint8Array()
  expect(unreachable(error6)).toBeUndefined()
  expect(unreachable(packetOf({ payload, destination: [224, 0, 0, 1] }))).toBeUndefined()
  expect(unreachable(packetOf({ payload, source: [0, 0, 0, 0] }))).toBeUndefined()
  expect(unreachable(packetOf({ payload, fragment: 100 }))).toBeUndefined()
  expect(unreachable(packetOf({ version: 6, destination: [0xff, 2, ...Array(14).fill(1)] }))).toBeUndefined()
})

test('an ICMPv6 error is none the less behind other headers, cut off or not; other messages behind them are answered', () => {
  const packet = (next: number, body: readonly number[]) => {
    const made = packetOf({ version: 6, payload })
    made[6] = next
    return Buffer.concat([made.subarray(0, 40), Buffer.from(body)])
  }
  const [hopByHop, routing, fragment, options, icmp, udp] = [0, 43, 44, 60, 58, 17]
  const first = (next: number, rest: readonly number[] = [0, 1, 4, 0, 0, 0, 0]) => [next, ...rest]
  const unreachableMessage = [1, 3, 0, 0, 0, 0, 0, 0]
  const echo = [128, 0, 0, 0, 0, 7, 0, 1]
  for (const header of [hopByHop, routing, fragment, options]) {
    const zeros = header === fragment ? [0, 0, 1, 0, 0, 0, 1] : undefined
    expect(unreachable(packet(header, [...first(icmp, zeros), ...unreachableMessage]))).toBeUndefined()
    expect(unreachable(packet(header, [...first(icmp, zeros), ...echo]))).toBeDefined()
    expect(unreachable(packet(header, [...first(udp, zeros), ...Array(8).fill(1)]))).toBeDefined()
    expect(unreachable(packet(header, [...first(icmp, zeros)]))).toBeUndefined()
    expect(unreachable(packet(header, [icmp]))).toBeUndefined()
  }
  const longOptions = [options, 1, ...Array(14).fill(0), icmp, 0, ...Array(6).fill(0)]
  expect(unreachable(packet(hopByHop, [...longOptions, ...unreachableMessage]))).toBeUndefined()
  expect(unreachable(packet(fragment, [icmp, 0, 0, 8, 0, 0, 0, 1, ...unreachableMessage]))).toBeDefined()
})
