// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process'
import type { Namespace } from './netns.ts'

/** What a program showed on a terminal: every byte, and the lines without control sequences. */
interface Recording {
  readonly raw: string
  /** The last screen: sequences taken out, what came before the last clearing or homing left out. */
  readonly lines: readonly string[]
}

/**
 * Runs a program on a real pseudo-terminal of a given size (script(1), stty) inside a namespace. `keys` are typed after
 * `typeAfterMs`; the program must exit by itself or because of them.
 */
export const onTerminal = (
  ns: Namespace,
  command: readonly string[],
  size: { columns: number; rows: number },
  options: { env?: NodeJS.ProcessEnv; keys?: string; typeAfterMs?: number } = {},
): Promise<Recording> =>
  new Promise((resolve, reject) => {
    const line = `stty cols ${size.columns} rows ${size.rows}; exec ${command.map((word) => `'${word}'`).join(' ')}`
    const child = spawn('ip', ['netns', 'exec', ns.name, 'script', '-qefc', line, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TERM: 'xterm-256color', ...options.env },
    })
    let raw = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      raw += text
    })
    child.on('error', reject)
    const typing =
      options.keys === undefined
        ? undefined
        : setTimeout(() => child.stdin.write(options.keys as string), options.typeAfterMs ?? 500)
    child.on('close', () => {
      clearTimeout(typing)
      resolve({ raw, lines: lastScreen(raw) })
    })
  })

const escapeSequence = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g')
const home = `${String.fromCharCode(27)}[H`

const lastScreen = (raw: string): string[] => {
  const screen = raw.slice(Math.max(0, raw.lastIndexOf(home)))
  return screen
    .replace(escapeSequence, '')
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line, index, all) => line !== '' || index < all.length - 1)
}
