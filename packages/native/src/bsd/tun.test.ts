// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { familyWord, packetBehindWord } from './family-word.ts'
import { openBsdTun, type TunPort } from './tun.ts'

/** Records every call; `refuse` makes one of them fail. */
const recorder = (refuse: Record<string, string> = {}) => {
  const calls: string[] = []
  const note = (text: string) => {
    calls.push(text)
    const code = refuse[text]
    if (code) throw Object.assign(new Error(code), { code })
  }
  const where = (target: Parameters<TunPort['ioctl']>[0]) => ('fd' in target ? 'fd' : `af${target.family}`)
  const port: TunPort = {
    open: (path) => {
      note(`open ${path}`)
      return 9
    },
    close: () => note('close'),
    ioctl: (target, request, buffer) => {
      note(`${where(target)} 0x${request.toString(16)} ${buffer.toString('hex').replace(/(00)+$/, '')}`)
      if (request === 0x4020745d) buffer.write('tun3')
      if (request === 0xc048696c) buffer.writeUInt32LE(0x21, 36)
    },
    ioctlWithPointer: (target, request, header, offset, data) =>
      note(
        `${where(target)} 0x${request.toString(16)} ${header.toString('utf8', 0, 4)} ${offset} ${data.toString('utf8', 0, 3)}`,
      ),
  }
  return { calls, port }
}

const hex = (text: string) => Buffer.from(text).toString('hex')

describe('freebsd', () => {
  test('a clone, told to speak families, without link-local addresses, renamed', () => {
    const { calls, port } = recorder()
    const tun = openBsdTun('freebsd', 'wg0', 1420, port)
    expect(tun).toMatchObject({ fd: 9, name: 'wg0' })
    expect(calls).toEqual([
      'open /dev/tun',
      'fd 0x4020745d ',
      'fd 0x8004745e 0280',
      'fd 0x80047460 01',
      `af28 0xc048696c ${hex('tun3')}`,
      `af28 0xc048696d ${hex('tun3')}${'00'.repeat(32)}0101`,
      'af2 0x80206928 tun3 16 wg0',
      `af2 0x80206934 ${hex('wg0')}${'00'.repeat(13)}8c05`,
    ])
    tun.close()
    expect(calls.slice(-2)).toEqual(['close', `af2 0x80206979 ${hex('wg0')}`])
  })

  test('a name that is taken leaves nothing behind', () => {
    const { calls, port } = recorder({ 'af2 0x80206928 tun3 16 wg0': 'EEXIST' })
    expect(() => openBsdTun('freebsd', 'wg0', 1420, port)).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    )
    expect(calls.slice(-2)).toEqual(['close', `af2 0x80206979 ${hex('tun3')}`])
  })
})

describe('openbsd', () => {
  test('the first free unit; the interface goes with its descriptor', () => {
    const { calls, port } = recorder({ 'open /dev/tun0': 'EBUSY', 'open /dev/tun1': 'ENOENT' })
    const tun = openBsdTun('openbsd', 'tun', 1420, port)
    expect(tun.name).toBe('tun2')
    tun.close()
    expect(calls).toEqual([
      'open /dev/tun0',
      'open /dev/tun1',
      'open /dev/tun2',
      `af2 0x8020697f ${hex('tun2')}${'00'.repeat(12)}8c05`,
      'close',
    ])
  })

  test('every unit is open already: said, after the last one', () => {
    const refuse = Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`open /dev/tun${i}`, 'EBUSY']))
    const { calls, port } = recorder(refuse)
    expect(() => openBsdTun('openbsd', 'tun', 1420, port)).toThrow(expect.objectContaining({ code: 'EBUSY' }))
    expect(calls).toHaveLength(256)
  })

  test('what is no lack of units ends the search', () => {
    for (const code of ['EACCES', 'EPERM', 'EMFILE']) {
      const { calls, port } = recorder({ 'open /dev/tun0': 'EBUSY', 'open /dev/tun1': code })
      expect(() => openBsdTun('openbsd', 'tun', 1420, port)).toThrow(expect.objectContaining({ code }))
      expect(calls).toEqual(['open /dev/tun0', 'open /dev/tun1'])
    }
  })

  test('no other names', () => {
    expect(() => openBsdTun('openbsd', 'wg0', 1420, recorder().port)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    )
    expect(() => openBsdTun('openbsd', 'tun4', 1420, recorder({ 'open /dev/tun4': 'EBUSY' }).port)).toThrow(
      expect.objectContaining({ code: 'EBUSY' }),
    )
  })
})

test('netbsd: families switched on, a longer ifreq', () => {
  const { calls, port } = recorder()
  openBsdTun('netbsd', 'tun2', 1420, port).close()
  expect(calls).toEqual([
    'open /dev/tun2',
    'fd 0x80047442 01',
    `af2 0x8090697f ${hex('tun2')}${'00'.repeat(12)}8c05`,
    'close',
    `af2 0x80906979 ${hex('tun2')}`,
  ])
})

test('netbsd: units without device file and units that are open are passed over', () => {
  const { port } = recorder({
    'open /dev/tun0': 'EBUSY',
    'open /dev/tun1': 'ENOENT',
    'open /dev/tun2': 'ENXIO',
  })
  expect(openBsdTun('netbsd', 'tun', 1280, port).name).toBe('tun3')
})

test('freebsd: no device, or none that is free, is said with its code', () => {
  for (const code of ['ENOENT', 'EBUSY', 'EACCES'])
    expect(() => openBsdTun('freebsd', 'wg0', 1420, recorder({ 'open /dev/tun': code }).port)).toThrow(
      expect.objectContaining({ code }),
    )
})

test('family words', () => {
  const ip4 = Buffer.from([0x45, 0, 0, 0])
  const ip6 = Buffer.from([0x60, 0, 0, 0])
  expect(familyWord('freebsd', ip4)?.toString('hex')).toBe('00000002')
  expect(familyWord('freebsd', ip6)?.toString('hex')).toBe('0000001c')
  expect(familyWord('openbsd', ip6)?.toString('hex')).toBe('00000018')
  expect(familyWord('netbsd', Buffer.from([0]))).toBeUndefined()
  expect(packetBehindWord('openbsd', Buffer.concat([Buffer.from([0, 0, 0, 24]), ip6]))).toEqual(ip6)
  expect(packetBehindWord('openbsd', Buffer.concat([Buffer.from([0, 0, 0, 2]), ip6]))).toBeUndefined()
  expect(packetBehindWord('openbsd', Buffer.from([0, 0]))).toBeUndefined()
})
