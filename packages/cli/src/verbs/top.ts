// SPDX-License-Identifier: MIT

import { openDevices } from '@wgq/backends/devices'
import type { DeviceAccess } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Handler } from '../command.ts'
import { pause, untilSignal } from '../observe/pause.ts'
import { type Paint, type Sample, topScreen } from '../observe/top-screen.ts'
import { nameMap, namesOf, readChosen } from '../observe/tunnels.ts'
import { numberValue, parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'

const plain: Paint = { title: String, head: String, fresh: String, old: String }
const sgr = (code: string) => (text: string) => `\x1b[${code}m${text}\x1b[0m`
const coloured: Paint = { title: sgr('1'), head: sgr('7'), fresh: String, old: sgr('2') }

/** wgq top [IF…] [--interval SECONDS]: uses the alternate screen of a terminal until q or a signal. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const intervalSeconds = numberValue(parsed, 'interval', 0.1) ?? 1
  if (!process.stdout.isTTY)
    throw new WgqError('E_NO_TERMINAL', 'top needs a terminal on its standard output', {
      hint: 'for scripts: wgq show --json, or wgq watch',
    })
  const paint = process.env['NO_COLOR'] || process.env['WG_COLOR_MODE'] === 'never' ? plain : coloured
  const devices = openDevices()
  const signal = untilSignal()
  const quit = new AbortController()
  const leave = leaveOnKey(quit)
  signal.addEventListener('abort', () => quit.abort())
  writeOut('\x1b[?1049h\x1b[?25l')
  try {
    let before: Sample | undefined
    while (!quit.signal.aborted) {
      const after = await sample(devices, parsed.operands)
      const size = { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }
      const lines = topScreen(before, after, size, Math.floor(Date.now() / 1000), paint)
      writeOut(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`)
      before = after
      await pause(intervalSeconds, quit.signal)
    }
  } finally {
    leave()
    writeOut('\x1b[?25h\x1b[?1049l')
  }
  return 0
}

const sample = async (devices: DeviceAccess, asked: readonly string[]): Promise<Sample> => {
  // The screen has no place for the reason; `wgq doctor` tells it.
  const found = (await readChosen(devices, asked, () => {})).map((device) => ({
    device,
    names: nameMap(namesOf(device.name)),
  }))
  return { seconds: performance.now() / 1000, devices: found }
}

/** q, Q, Escape and ^C. */
const quitKeys = new Set([0x71, 0x51, 0x1b, 0x03])

/** Aborts `quit` on the keys above; returns a function that restores the terminal. */
const leaveOnKey = (quit: AbortController): (() => void) => {
  const { stdin } = process
  if (!stdin.isTTY) return () => {}
  stdin.setRawMode(true)
  stdin.on('data', (keys: Buffer) => {
    if (keys.some((byte) => quitKeys.has(byte))) quit.abort()
  })
  return () => {
    stdin.setRawMode(false)
    stdin.pause()
  }
}
