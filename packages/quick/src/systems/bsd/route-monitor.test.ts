// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { isRouteMessage } from './route-monitor.ts'

test.each([
  ['RTM_ADD: Add Route: len 176, pid: 71, seq 1, errno 0, flags:<UP,DONE>', true],
  ['RTM_IFINFO: iface status change', true],
  ['12:34:56.789 PID 0 add/repl route 198.19.0.0/24 fib 0', true],
  ['12:34:56.789 [PID 71] delete route 198.19.0.0/24 fib 0', true],
  ['12:34:56.789 [PID 71] add/repl neigh 192.0.2.1 em0 lladdr 00:00:5e:00:53:01', false],
  ['12:34:56.789 PID 0 delete neigh fe80::1%em0', false],
  ['sockaddrs: <DST,GATEWAY>', false],
  [' 198.19.0.0 127.0.0.1', false],
  ['', false],
])('%s', (line, begins) => {
  expect(isRouteMessage(line)).toBe(begins)
})
