// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import { SetRequest } from '@wgq/uapi/server-set'
import { expect, test } from 'vitest'
import { MemoryHost } from '../twin/memory-host.ts'
import { MemoryNetwork } from '../twin/memory-network.ts'

/** Takes half a minute. */
const requests = 1_000_000

/** xorshift32: the same requests in every run. */
const generator = (seed: number) => () => {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return seed >>> 0
}

const hex = (digit: string) => digit.repeat(64)
const values: Readonly<Record<string, readonly string[]>> = {
  listen_port: ['0', '51820', '65535', '65536', '-1', '', 'x'],
  fwmark: ['0', '4294967295', '4294967296', '0x10'],
  replace_peers: ['true', 'false', '1'],
  public_key: [hex('1'), hex('2'), hex('3'), hex('0'), hex('f'), 'beef', `${hex('1')}0`],
  remove: ['true', 'TRUE'],
  update_only: ['true', ''],
  preshared_key: [hex('4'), hex('0'), hex('g')],
  endpoint: ['192.0.2.1:1', '[2001:db8::1]:2', '[fe80::1%9]:3', 'host:4', '192.0.2.1:0', '1.2.3:4', ':'],
  persistent_keepalive_interval: ['0', '25', '65536', 'off'],
  replace_allowed_ips: ['true', 'no'],
  allowed_ip: ['10.0.0.0/8', '-10.0.0.0/8', '::/0', '-::/0', '10.1.2.3/33', '0.0.0.0/0', '1::/129', '/'],
  protocol_version: ['1', '2'],
  nonsense: ['', '=', '==='],
}
const keys = Object.keys(values)

test(`${requests} requests of right, wrong and damaged lines end in a result or a refusal with its errno`, () => {
  const network = new MemoryNetwork()
  const host = new MemoryHost(network, '192.0.2.9:9').start()
  const random = generator(20261120)
  const pick = <T>(list: readonly T[]): T => list[random() % list.length] as T
  const line = (): string => {
    const key = pick(keys)
    const text = `${key}=${pick(values[key] as readonly string[])}`
    if (random() % 16 > 0) return text
    const at = random() % (text.length + 1)
    return text.slice(0, at) + String.fromCharCode(random() % 256) + text.slice(at + (random() % 2))
  }
  let refused = 0
  for (let i = 0; i < requests; i++) {
    const request = new SetRequest(host.configuration)
    try {
      for (let lines = random() % 8; lines > 0; lines--) request.line(line())
      request.finish()
    } catch (error) {
      refused++
      expect(isWgqError(error) || typeof (error as NodeJS.ErrnoException).code === 'string').toBe(true)
    }
    host.configuration.commit()
  }
  expect(refused).toBeGreaterThan(requests / 10)
  expect(refused).toBeLessThan(requests)
  // The device can still be read and still works.
  const state = host.configuration.read()
  expect(Array.from(state.peers).length).toBeLessThanOrEqual(5)
  host.configuration.removePeers()
  host.configuration.commit()
  expect(Array.from(host.configuration.read().peers)).toEqual([])
}, 600_000)
