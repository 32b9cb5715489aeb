// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { type Echo, NoEcho } from './echo.ts'
import { checkPathMtu, largestAnswered } from './path-mtu.ts'
import { testPeer, testSubject } from './testing.ts'

/** A path that carries this many bytes; routers may report larger packets or not. */
const path = (bytes: number, said: 'lost' | 'too big') => async (size: number) =>
  size <= bytes ? 'answered' : said

test.each([576, 577, 1280, 1399, 1400, 1499, 1500])('a path of %i bytes is found exactly', async (bytes) => {
  for (const said of ['lost', 'too big'] as const)
    expect(await largestAnswered(path(bytes, said), 576, 1500)).toEqual({
      bytes,
      isSilent: bytes < 1500 && said === 'lost',
    })
})

test('where nobody answers nothing is known', async () => {
  expect(await largestAnswered(async () => 'lost', 576, 1500)).toBeUndefined()
})

/** A split tunnel with an endpoint of each family; the first link carries 1500 bytes, the tunnel 1420. */
const subject = (device = {}) =>
  testSubject(
    {},
    {
      fwmark: 0,
      peers: [testPeer([]), testPeer([], { endpoint: { family: 6, address: '2001:db8::1', port: 51820 } })],
      ...device,
    },
    {
      link: async () => ({ index: 2, name: 'eth0', mtu: 1500, up: true }),
      routeTo: async () => ({ dev: 'eth0' }),
    },
  )
const check = async (echo: Echo, isRoot = true, device = {}) =>
  (await checkPathMtu(subject(device), echo, isRoot)).map(
    ({ status, message, hint }) => `${status} ${message} | ${hint}`,
  )

test('the MTU that fits both families is named', async () => {
  const found = await check((_, size) => path(1400, 'lost')(size))
  expect(found).toEqual([
    expect.stringMatching(
      /^problem the way to 198\.51\.100\.1 carries packets of 1400 bytes.*MTU 1420 \| Set MTU = 1320 /,
    ),
    expect.stringMatching(
      /^problem the way to 2001:db8::1 carries packets of 1400 bytes.*MTU 1420 \| Set MTU = 1320 /,
    ),
  ])
  expect(await check((_, size) => path(1500, 'lost')(size))).toEqual([
    expect.stringMatching(/^ok .*up to 1440 fits/),
    expect.stringMatching(/^ok .*up to 1420 fits/),
  ])
})

test('it says so where it finds nothing out', async () => {
  expect(await check(async () => 'lost')).toEqual([
    expect.stringMatching(/^info .*answers no echo request/),
    expect.stringMatching(/^info .*answers no echo request/),
  ])
  const none = async () => {
    throw new NoEcho('ping is not installed')
  }
  expect(await check(none)).toEqual(['info the path was not probed: ping is not installed | undefined'])
  // Without a mark the packets would go into the tunnel.
  expect(await check(none, false, { fwmark: 51820 })).toEqual([expect.stringMatching(/^info .*only root/)])
})
