// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { checkHandshake } from './handshake.ts'
import { nowSeconds, testPeer } from './testing.ts'

const ago = (seconds: number) => ({
  lastHandshake: { seconds: BigInt(nowSeconds - seconds), nanoseconds: 0 },
})
const health = (more: object) => ({ unansweredSeconds: 0, attempts: 0, clockAheadSeconds: 0, ...more })
const statusOf = (...of: Parameters<typeof checkHandshake>) =>
  checkHandshake(...of).map(({ status }) => status)

test.each([
  ['an active tunnel', testPeer([]), undefined],
  [
    'one whose keepalive just began a new handshake',
    testPeer([], { ...ago(181), keepaliveSeconds: 25 }),
    undefined,
  ],
  ['data that went out a moment ago', testPeer([]), health({ unansweredSeconds: 9 })],
  [
    'one of which only the handshake came back, a moment ago',
    testPeer([], { ...ago(5), rxBytes: 92n }),
    undefined,
  ],
])('nothing is wrong with %s', (_what, peer, told) => {
  expect(statusOf(peer, 'p', nowSeconds, told)).not.toContain('problem')
})

test('a keepalive that is not answered any more', () => {
  const [finding] = checkHandshake(testPeer([], { ...ago(343), keepaliveSeconds: 5 }), 'p', nowSeconds)
  expect(finding?.status).toBe('problem')
  expect(finding?.message).toMatch(/^p: no answer to about 32 initiations since the last handshake 343 s ago/)
})
test('a session that ended without keepalive is not a problem', () => {
  expect(statusOf(testPeer([], ago(343)), 'p', nowSeconds)).toEqual(['info'])
})
test('wgqd knows since when nothing came back, and how often it asked', () => {
  const told = health({ unansweredSeconds: 38, attempts: 4 })
  const [finding] = checkHandshake(testPeer([], ago(50)), 'p', nowSeconds, told)
  expect(finding).toMatchObject({ status: 'problem' })
  expect(finding?.message).toContain('nothing came back for 38 s (5 initiations without a response)')
})
test('bytes sent and none back since the handshake', () => {
  const peer = testPeer([], { ...ago(40), rxBytes: 92n, txBytes: 5000n })
  expect(checkHandshake(peer, 'p', nowSeconds)[0]?.message).toContain(
    'none back since the handshake 40 s ago',
  )
})
test('a key that a clock ahead has used', () => {
  const found = checkHandshake(testPeer([]), 'p', nowSeconds, health({ clockAheadSeconds: 27 }))
  expect(found[1]?.message).toContain('by a clock 27 s ahead')
  expect(found[1]?.message).toContain(new Date((nowSeconds + 27) * 1000).toISOString().slice(0, 19))

  // The largest number of seconds that a handshake can carry.
  const most = checkHandshake(testPeer([]), 'p', nowSeconds, health({ clockAheadSeconds: 2 ** 63 }))
  expect(most[1]?.message).toContain('with it is never accepted again')
})
