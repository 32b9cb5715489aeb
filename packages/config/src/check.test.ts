// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkConfiguration } from './check.ts'

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const peer = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='

describe('checkConfiguration', () => {
  test.each([
    [`[Interface]\nAddress = 10.0.0.1/24\nPrivateKey = ${key.slice(1)}\n`, 3, /key/i],
    [`[Interface]\nAddress = 10.0.0.1/24\n  Foo = 1\n`, 3, /key of wg/],
    [`[Interface]\nAddress = 10.0.0.1/24, 10.0.0.300/24\n`, 2, /Address takes/],
    ['[Interface]\nMTU = abc\n', 2, /MTU takes/],
    [`[Interface]\nTable = ${key}\n`, 2, /Table takes/],
    [`[Interface]\nPostUp = true\n[Peer]\nPublicKey = ${peer}\nEndpoint = host\n`, 5, /PORT/],
    [`[Interface]\n[Peer]\nPublicKey = ${peer}\nAllowedIPs = 10.0.0.0/33\n`, 4, /prefix length/],
    // Protective directives are not silently ignored.
    ['[Interface]\n# KillSwitch = 1\n', 2, /KillSwitch takes on or off/],
    ['[Interface]\n# ReplyOutside = on # for ssh\n', 2, /ReplyOutside takes on or off/],
    ['# KillSwitch = on\n[Interface]\n', 1, /KillSwitch has no effect outside of \[Interface\]/],
    [`[Interface]\n[Peer]\nPublicKey = ${peer}\n# killswitch = on\n`, 4, /KillSwitch has no effect/],
    // A drop-in.
    [`# KillSwitchAllow = lan\n[Peer]\nPublicKey = ${peer}\n`, 1, /KillSwitchAllow has no effect/],
  ])('%j is refused at line %i', async (text, line, message) => {
    const error = await checkConfiguration(text, 'wg0.conf').then(
      () => undefined,
      (found) => found,
    )
    expect(error?.message).toMatch(message)
    expect(error?.at).toMatchObject({ file: 'wg0.conf', line })
    expect(error?.message).not.toContain(key.slice(1))
  })

  test.each([
    ['AllowedIPs = 10.0.0.0/24, fd00::/129\n', 27, /0 to 128, found "fd00::\/129"/],
    ['AllowedIPs = 10.0.0.0/24,  ,\n', 28, /expected, found nothing/],
    ['AllowedIPs = 10.0.0.0/24,\n', 26, /expected, found nothing/],
    ['AllowedIPs = x # a, b\n', 14, /expected, found "x"/],
    ['\tAllowedIPs=+10.0.0.0/24,-x\n', 26, /expected, found "x"/],
    ['PresharedKey =\n', 1, /A value is expected behind "=", found nothing/],
    [' Foo = 1\n', 2, /A key of wg or wg-quick/],
  ])('%j is refused at column %i', async (line, column, message) => {
    const error = await checkConfiguration(`[Peer]\nPublicKey = ${peer}\n${line}`, 'wg0.conf').catch(
      (found) => found,
    )
    expect(error?.message).toMatch(message)
    expect(error?.at).toMatchObject({ line: 3, column })
  })

  test.each([
    [`\ufeff[Interface]\nPrivateKey = ${key}\n`, /byte-order mark/],
    [`[Interface]\rPrivateKey = ${key}\r[Peer]\r`, /CR alone/],
    [Buffer.from(`[Interface]\nPrivateKey = ${key}\n`, 'utf16le').toString('utf8'), /UTF-16LE/],
  ])('the encoding of %j is named, its text is not shown', async (text, message) => {
    const error = await checkConfiguration(text, 'wg0.conf').catch((found) => found)
    expect(error).toMatchObject({ code: 'E_ENCODING', message: expect.stringMatching(message) })
    expect(error.message.replaceAll('\0', '')).not.toContain(key)
  })

  test('comments that only look like them stay free', async () => {
    const text = `[Interface]\n# KillSwitch = on\n# Note = 1\n[Peer]\nPublicKey = ${peer}\n# Before = 2024\n# the KillSwitch = on\n`
    await expect(checkConfiguration(text, 'wg0.conf')).resolves.toBeUndefined()
  })

  const folder = join(import.meta.dirname, '../../../test/fixtures/wg-quick-master')
  const golden = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map(
      (file) =>
        JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
          name: string
          config?: string
          up?: { exit: number }
          setup?: { upcmd?: string }
        },
    )
    .filter(
      ({ config, setup, up }) => config !== undefined && up?.exit === 0 && !setup?.upcmd?.includes('strip'),
    )
  test.each(golden.map((item) => [item.name, item.config as string]))(
    'what wg-quick brought up passes: %s',
    async (_, config) => {
      await expect(checkConfiguration(config, 'wg0.conf')).resolves.toBeUndefined()
    },
  )
})
