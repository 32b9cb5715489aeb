// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { advance, newTimerState, nextDeadline, type PeerFacts, type TimerEvent } from './timers.ts'

const quiet: PeerFacts = {
  unansweredSinceMs: 0,
  unacknowledgedSinceMs: 0,
  lastTraversalMs: 0,
  lastDataSentMs: 0,
}

/** One peer under a virtual clock, up since 1,000,000 ms. Jitter is 100 ms unless given. */
const bench = () => {
  const state = newTimerState()
  const log: string[] = []
  const self = {
    state,
    log,
    now: 1_000_000,
    jitter: 100,
    facts: quiet,
    feed(event: TimerEvent) {
      const actions = advance(state, self.now, self.jitter, event, () => self.facts)
      for (const action of actions) log.push(`${self.now - 1_000_000} ${action}`)
      return actions
    },
    /** Advances the time, firing each deadline exactly when it is due. */
    pass(ms: number) {
      const end = self.now + ms
      for (;;) {
        const at = nextDeadline(state)
        if (at === undefined || at > end) break
        self.now = at
        self.feed('tick')
      }
      self.now = end
    },
    with(facts: Partial<PeerFacts>) {
      self.facts = { ...self.facts, ...facts }
    },
  }
  self.feed('up')
  return self
}

describe('handshake attempts', () => {
  test('20 initiations 5.1 s apart, then staged packets are dropped and nothing is sent any more', () => {
    const b = bench()
    b.feed('needHandshake')
    b.pass(300_000)
    const initiations = b.log.filter((line) => line.endsWith('initiate'))
    expect(initiations).toHaveLength(20)
    expect(initiations.slice(0, 3)).toEqual(['0 initiate', '5100 initiate', '10200 initiate'])
    expect(b.log).toContain('102000 gaveUp')
    expect(b.log).toContain('102000 dropStaged')
  })

  test('each retransmission forgets the source first; its jitter is the one given', () => {
    const b = bench()
    b.jitter = 333
    b.feed('needHandshake')
    b.pass(5_333)
    expect(b.log).toEqual(['0 initiate', '5333 clearSource', '5333 initiate'])
  })

  test('540 s after giving up the keys are wiped', () => {
    const b = bench()
    b.feed('needHandshake')
    b.pass(102_000 + 540_000)
    expect(b.log.at(-1)).toBe('642000 clearSessions')
    expect(nextDeadline(b.state)).toBeUndefined()
  })

  test('new traffic after giving up starts again with 20', () => {
    const b = bench()
    b.feed('needHandshake')
    b.pass(200_000)
    b.log.length = 0
    b.feed('needHandshake')
    b.pass(200_000)
    expect(b.log.filter((line) => line.endsWith('initiate'))).toHaveLength(20)
  })

  test('traffic during the attempts resets their number but not the 5 s', () => {
    const b = bench()
    b.feed('needHandshake')
    b.pass(4_999)
    expect(b.feed('needHandshake')).toEqual([])
    b.pass(95_000)
    b.feed('needHandshake')
    expect(b.state.attempts).toBe(0)
    b.pass(60_000)
    expect(b.log.some((line) => line.endsWith('gaveUp'))).toBe(false)
  })

  test('completion ends the retransmissions, the response alone does not', () => {
    const b = bench()
    b.feed('needHandshake')
    b.feed('answered')
    expect(b.state.retransmitAt).toBeDefined()
    b.feed('confirmed')
    expect(b.state.retransmitAt).toBeUndefined()
    expect(b.state.attempts).toBe(0)
  })

  test('a responder does not initiate within 5 s of its answer', () => {
    const b = bench()
    b.feed('answered')
    b.pass(4_999)
    expect(b.feed('needHandshake')).toEqual([])
    b.pass(1)
    expect(b.feed('needHandshake')).toEqual(['initiate'])
  })

  test('an answer that the peer does not take up only puts our own attempts off', () => {
    const b = bench()
    b.feed('needHandshake')
    b.pass(450)
    b.feed('answered')
    b.pass(10_000)
    expect(b.log.filter((line) => line.endsWith('initiate'))).toEqual(['0 initiate', '5550 initiate'])
  })

  test('a packet that waits behind an answer has its handshake 5 s after it, unless the session is confirmed', () => {
    for (const isConfirmed of [false, true]) {
      const b = bench()
      b.feed('answered')
      b.pass(500)
      expect(b.feed('needHandshake')).toEqual([])
      if (isConfirmed) b.feed('confirmed')
      expect(b.feed('needHandshake')).toEqual([])
      b.pass(5_000)
      expect(b.log).toEqual(isConfirmed ? [] : ['5100 clearSource', '5100 initiate'])
    }
  })

  test('a changed private key lets a handshake out at once, but never so soon that it would be refused', () => {
    const b = bench()
    b.feed('needHandshake')
    b.pass(100)
    expect(b.feed('needHandshake')).toEqual([])
    b.feed('identityChanged')
    expect(b.feed('needHandshake')).toEqual(['initiate'])
    b.pass(10)
    b.feed('identityChanged')
    expect(b.feed('needHandshake')).toEqual([])
    b.log.length = 0
    b.pass(100)
    expect(b.log).toEqual(['140 clearSource', '140 initiate'])
  })

  test('an initiation that cannot be made is not repeated', () => {
    const b = bench()
    b.feed('needHandshake')
    b.feed('initiationNotMade')
    expect(nextDeadline(b.state)).toBeUndefined()
    expect(b.state.initiatingSinceMs).toBeUndefined()
  })

  test('a new key lets only one initiation follow at once, and none once the peer was answered', () => {
    const b = bench()
    b.feed('identityChanged')
    b.pass(100_000)
    b.feed('answered')
    b.pass(100)
    expect(b.feed('needHandshake')).toEqual([])
    b.log.length = 0
    b.pass(5_000)
    expect(b.log.at(-1)).toMatch(/ initiate$/)
  })
})

describe('session', () => {
  test('keys are wiped 540 s after the last session began', () => {
    const b = bench()
    b.feed('completed')
    b.pass(539_000)
    expect(b.log).toEqual([])
    b.feed('completed')
    b.pass(540_000)
    expect(b.log).toEqual(['1079000 clearSessions'])
  })
})

describe('new handshake after 15 s of silence', () => {
  test('fires at 15 s plus jitter and forgets the source', () => {
    const b = bench()
    b.feed('completed')
    b.pass(10_000)
    b.with({ unansweredSinceMs: b.now, lastDataSentMs: b.now })
    b.feed('awaitingReply')
    b.pass(15_099)
    expect(b.log).toEqual([])
    b.pass(1)
    expect(b.log).toEqual(['25100 clearSource', '25100 initiate'])
  })

  test('an answer cancels it; later silence counts from its own start', () => {
    const b = bench()
    b.feed('completed')
    b.pass(10_000)
    b.feed('awaitingReply')
    b.pass(9_000)
    b.with({ unansweredSinceMs: b.now, lastDataSentMs: b.now })
    b.pass(14_000)
    expect(b.log).toEqual([])
    b.pass(1_200)
    expect(b.log).toEqual(['34100 clearSource', '34100 initiate'])
    b.with({ unansweredSinceMs: 0 })
    b.feed('completed')
    b.pass(60_000)
    expect(b.log).toHaveLength(2)
  })

  test('data that goes on into the silence asks again every 15 s while the key lives', () => {
    const b = bench()
    b.feed('completed')
    b.pass(10_000)
    b.with({ unansweredSinceMs: b.now })
    b.feed('awaitingReply')
    for (let s = 0; s < 170; s++) {
      b.with({ lastDataSentMs: b.now })
      b.pass(1_000)
    }
    expect(b.log.some((line) => line.endsWith('gaveUp'))).toBe(false)
  })

  test('no more data, no more handshakes than the 20 of one attempt', () => {
    const b = bench()
    b.feed('completed')
    b.pass(10_000)
    b.with({ unansweredSinceMs: b.now, lastDataSentMs: b.now })
    b.feed('awaitingReply')
    b.pass(400_000)
    expect(b.log.filter((line) => line.endsWith('initiate'))).toHaveLength(20)
  })
})

describe('passive keepalive', () => {
  test('10 s after the received data, not after anything sent', () => {
    const b = bench()
    b.with({ unacknowledgedSinceMs: b.now })
    b.feed('owesKeepalive')
    b.pass(9_999)
    expect(b.log).toEqual([])
    b.pass(1)
    expect(b.log).toEqual(['10000 sendKeepalive'])
    b.with({ unacknowledgedSinceMs: 0 })
    b.pass(60_000)
    expect(b.log).toHaveLength(1)
  })

  test('sending anything cancels it', () => {
    const b = bench()
    b.with({ unacknowledgedSinceMs: b.now })
    b.feed('owesKeepalive')
    b.pass(5_000)
    b.with({ unacknowledgedSinceMs: 0 })
    b.pass(60_000)
    expect(b.log).toEqual([])
  })

  test('one answers whatever came before it; data after it has its own', () => {
    const b = bench()
    b.with({ unacknowledgedSinceMs: b.now })
    b.feed('owesKeepalive')
    b.pass(4_000)
    b.feed('owesKeepalive')
    b.pass(6_000)
    b.with({ unacknowledgedSinceMs: 0 })
    b.pass(5_000)
    b.with({ unacknowledgedSinceMs: b.now })
    b.feed('owesKeepalive')
    b.pass(10_000)
    b.with({ unacknowledgedSinceMs: 0 })
    b.pass(60_000)
    expect(b.log).toEqual(['10000 sendKeepalive', '25000 sendKeepalive'])
  })
})

describe('persistent keepalive', () => {
  test('at once when it is turned on, then every interval of silence', () => {
    const b = bench()
    b.feed({ keepaliveSeconds: 25 })
    b.pass(75_000)
    expect(b.log).toEqual([
      '0 sendKeepalive',
      '25000 sendKeepalive',
      '50000 sendKeepalive',
      '75000 sendKeepalive',
    ])
  })

  test('authenticated traffic in either direction postpones it', () => {
    const b = bench()
    b.feed({ keepaliveSeconds: 25 })
    b.pass(20_000)
    b.with({ lastTraversalMs: b.now })
    b.pass(24_999)
    expect(b.log).toEqual(['0 sendKeepalive'])
    b.pass(1)
    expect(b.log).toEqual(['0 sendKeepalive', '45000 sendKeepalive'])
  })

  test('turned off, nothing is pending; changed, nothing is sent at once', () => {
    const b = bench()
    b.feed({ keepaliveSeconds: 25 })
    expect(b.feed({ keepaliveSeconds: 10 })).toEqual([])
    b.pass(10_000)
    expect(b.log).toEqual(['0 sendKeepalive', '10000 sendKeepalive'])
    b.feed({ keepaliveSeconds: 0 })
    expect(nextDeadline(b.state)).toBeUndefined()
  })

  test('sent when the interface comes up, forgotten when it goes down', () => {
    const b = bench()
    b.feed('down')
    b.feed({ keepaliveSeconds: 25 })
    expect(nextDeadline(b.state)).toBeUndefined()
    expect(b.feed('up')).toEqual(['sendKeepalive'])
    expect(b.feed('down')).toEqual(['dropStaged', 'clearSessions'])
    expect(nextDeadline(b.state)).toBeUndefined()
    expect(b.state.keepaliveSeconds).toBe(25)
  })
})

test('a peer that is down reacts to nothing', () => {
  const b = bench()
  b.feed('down')
  b.log.length = 0
  for (const event of ['needHandshake', 'awaitingReply', 'owesKeepalive', 'tick'] as const) b.feed(event)
  expect(b.log).toEqual([])
  expect(nextDeadline(b.state)).toBeUndefined()
})
