// SPDX-License-Identifier: MIT
import { addonPath } from '@wgq/native/addon'
import { expect, test } from 'vitest'
import { openIoctlPort } from './native-port.ts'

const whyNot =
  process.platform !== 'linux' ? 'written for Linux' : addonPath() ? undefined : 'the addon is not built'
if (whyNot) console.log(`skipped: the native ioctl port: ${whyNot}`)

// Linux's own requests through the same port: SIOCGIFINDEX answers in place, SIOCGIFCONF fills a second block.
const afInet = 2

test.skipIf(whyNot)('an argument is changed in place', () => {
  const argument = Buffer.alloc(40)
  argument.write('lo')
  expect(openIoctlPort(afInet).ioctl(0x8933, argument)).toBeUndefined()
  expect(argument.readInt32LE(16)).toBe(1)
})

test.skipIf(whyNot)('a second block is filled, and no address stays in the argument', () => {
  const argument = Buffer.alloc(16)
  const block = Buffer.alloc(40 * 64)
  argument.writeInt32LE(block.length, 0)
  expect(openIoctlPort(afInet).ioctl(0x8912, argument, { offset: 8, block })).toBeUndefined()
  expect(block.toString('latin1')).toContain('lo\0')
  expect(argument.readBigUInt64LE(8)).toBe(0n)
})

test.skipIf(whyNot)('a refusal has its name', () => {
  const argument = Buffer.alloc(40)
  argument.write('wgq-none')
  expect(openIoctlPort(afInet).ioctl(0x8933, argument)).toBe('ENODEV')
  expect(openIoctlPort(afInet).ioctl(0x1234, argument)).toBe('ENOTTY')
})
