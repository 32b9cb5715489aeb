// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { expect, test } from 'vitest'
import { failureLine, tunFailure } from './failure.ts'

const systemError = (code: string, message: string) =>
  Object.assign(new Error(`${code}: ${message}\n    at somewhere`), { code })

test.each([
  [systemError('EMFILE', 'Too many open files, eventfd'), /^wgqd: EMFILE: .*eventfd \(.*LimitNOFILE=.*\)\n$/],
  [systemError('EAFNOSUPPORT', 'socket'), /^wgqd: EAFNOSUPPORT: socket \(.*AF_NETLINK.*\)\n$/],
  [
    new WgqError('E_UAPI_SOCKET', 'Cannot listen on x', { errno: 'EAFNOSUPPORT' }),
    /^wgqd: Cannot listen on x \(.*AF_UNIX.*\)\n$/,
  ],
  [
    new WgqError('E_NO_TUN', 'gone', { hint: 'modprobe tun', errno: 'ENOENT' }),
    /^wgqd: gone \(modprobe tun\)\n$/,
  ],
  [tunFailure('wg0', systemError('EINVAL', 'TUNSETIFF')), /^wgqd: The interface wg0 exists already .*\)\n$/],
  // Deleting what is not there would not help.
  [
    tunFailure('default', systemError('EINVAL', 'TUNSETIFF')),
    /^wgqd: Linux has no .* \(choose another name\)\n$/,
  ],
  [new Error('odd'), /^wgqd: odd\n$/],
  ['text', /^wgqd: text\n$/],
  [new Error('name \x1b[2J'), /^wgqd: name ␛\[2J\n$/],
])('a failure is one line that says what to do: %#', (error, line) => {
  expect(failureLine(error)).toMatch(line)
})
