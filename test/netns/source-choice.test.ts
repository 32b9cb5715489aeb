// SPDX-License-Identifier: MIT
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SourceWatch } from '../../packages/dataplane/src/daemon/source-watch.ts'
import { sourceAddress } from '../../packages/dataplane/src/device/endpoint-record.ts'
import { addonPath } from '../../packages/native/src/addon.ts'
import { endpointRecordBytes } from '../../packages/native/src/engine.ts'
import { openNetlinkSocket } from '../../packages/native/src/raw-socket.ts'
import { Namespace, whyNoNetns } from '../support/netns.ts'

const reason = whyNoNetns() ?? (addonPath() ? undefined : 'the addon is not built')
if (reason) console.log(`skipped: ${reason}`)

/** The endpoint 192.0.2.7, no source learned. */
const endpoint = (): Buffer => {
  const record = Buffer.alloc(endpointRecordBytes)
  record[0] = 4
  record.set([192, 0, 2, 7], 8)
  return record
}

/** A machine with two uplinks and a tunnel; the route to the peer prefers the tunnel's own address. */
describe.skipIf(reason)('the source of packets to a peer', () => {
  let ns: Namespace
  let watch: SourceWatch
  let questions = 0
  const ip = (...words: string[]) => ns.run('ip', ...words)

  beforeAll(() => {
    ns = new Namespace('source')
    for (const [device, address] of [
      ['up0', '10.1.0.2/24'],
      ['up1', '10.2.0.2/24'],
      ['tun0', '10.99.0.1/24'],
    ] as const) {
      ip('link', 'add', device, 'type', 'veth', 'peer', 'name', `far-${device}`)
      ip('link', 'set', `far-${device}`, 'up')
      ip('address', 'add', address, 'dev', device)
      ip('link', 'set', device, 'up')
    }
  })
  beforeEach(() => {
    ns.tryRun('ip', ['rule', 'del', 'lookup', '77'])
    ip('link', 'set', 'up0', 'up')
    ip('address', 'flush', 'dev', 'up0')
    ip('address', 'add', '10.1.0.2/24', 'dev', 'up0')
    ip('route', 'replace', '192.0.2.0/24', 'via', '10.1.0.1', 'src', '10.99.0.1')
    ip('route', 'replace', '192.0.2.0/24', 'via', '10.2.0.1', 'src', '10.99.0.1', 'table', '77')
    const own = Number(ns.run('cat', '/sys/class/net/tun0/ifindex'))
    questions = 0
    watch = new SourceWatch(
      (options) => {
        const socket = openNetlinkSocket({ ...options, netns: { path: ns.path } })
        return Object.assign(Object.create(socket) as typeof socket, {
          send: (datagram: Uint8Array) => {
            questions++
            socket.send(datagram)
          },
          receive: () => socket.receive(),
          watch: (listener: (() => void) | undefined) => socket.watch(listener),
          close: () => socket.close(),
        })
      },
      async () => undefined,
      () => own,
    )
  })
  afterEach(() => watch.close())
  afterAll(() => ns.remove())

  /** The chosen source as text, and how often the kernel was asked for it. */
  const choose = (again = false) => {
    const before = questions
    const chosen = watch.withFitSource(endpoint(), 0, again)
    const source = chosen === undefined || chosen === 'none' ? chosen : sourceAddress(chosen)?.join('.')
    return { source, asked: questions > before }
  }

  it('is asked for once while nothing changes', () => {
    expect(choose()).toEqual({ source: '10.1.0.2', asked: true })
    expect(choose()).toEqual({ source: '10.1.0.2', asked: false })
    expect(choose(true)).toEqual({ source: '10.1.0.2', asked: true })
    expect(choose()).toEqual({ source: '10.1.0.2', asked: false })
  })

  it('is asked for again after a nexthop object is gone, which takes its routes without a message', () => {
    ip('nexthop', 'add', 'id', '7', 'via', '10.1.0.1', 'dev', 'up0')
    ip('route', 'add', '192.0.2.4/30', 'nhid', '7', 'src', '10.99.0.1')
    ip('route', 'replace', '192.0.2.0/24', 'via', '10.1.0.1')
    expect(choose().source).toBe('10.1.0.2')
    ip('nexthop', 'del', 'id', '7')
    expect(choose()).toEqual({ source: undefined, asked: true })
  })

  it.each([
    ['another route', '10.2.0.2', ['route replace 192.0.2.0/24 via 10.2.0.1 src 10.99.0.1']],
    ['a route without the address', undefined, ['route replace 192.0.2.0/24 via 10.2.0.1']],
    ['a rule', '10.2.0.2', ['rule add to 192.0.2.0/24 lookup 77']],
    ['a link that goes down', undefined, ['link set up0 down']],
    ['a new address', '10.1.0.3', ['address add 10.1.0.3/25 dev up0', 'address del 10.1.0.2/24 dev up0']],
  ] as const)('is asked for again after %s', (_, source, changes) => {
    choose()
    for (const words of changes) ip(...words.split(' '))
    expect(choose()).toEqual({ source, asked: true })
    expect(choose()).toEqual({ source, asked: false })
  })
})
