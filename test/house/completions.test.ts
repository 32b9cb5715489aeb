// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const folder = join(import.meta.dirname, '../../packaging/completions')
const missing = (shell: string) => spawnSync(shell, ['--version']).error !== undefined

/** What bash offers for a command line whose last word is being typed. */
const inBash = (program: string, line: string): string[] => {
  const words = line.split(' ')
  const script = `source ${folder}/${program}.bash
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_${program.replace('-', '_')}; printf '%s\\n' "\${COMPREPLY[@]}"`
  const done = spawnSync('bash', ['--norc', '-euc', script], { encoding: 'utf8' })
  expect(done.stderr).toBe('')
  return done.stdout.split('\n').filter(Boolean)
}

/** What fish offers. */
const inFish = (line: string): string[] => {
  const done = spawnSync('fish', ['--no-config', '-c', `source ${folder}/wgq.fish; complete -C '${line}'`], {
    encoding: 'utf8',
  })
  return done.stdout
    .split('\n')
    .filter(Boolean)
    .map((row) => row.split('\t')[0] as string)
}

describe.skipIf(missing('bash'))('bash', () => {
  test('verbs, fields, options, words of set', () => {
    expect(inBash('wgq', 'wgq re')).toEqual(['reload'])
    expect(inBash('wgq', 'wgq show wg0 lat')).toEqual(['latest-handshakes'])
    expect(inBash('wgq', 'wgq wait --hand')).toEqual(['--handshake'])
    expect(inBash('wgq', 'wgq set wg0 li')).toEqual(['listen-port'])
    expect(inBash('wgq', 'wgq set wg0 peer KEY all')).toEqual(['allowed-ips'])
    expect(inBash('wgq', 'wgq set wg0 peer KEY listen')).toEqual([])
  })
  test('what follows peer: actions, options', () => {
    expect(inBash('wgq', 'wgq pe')).toEqual(['peer'])
    expect(inBash('wgq', 'wgq peer ro')).toEqual(['rotate'])
    expect(inBash('wgq', 'wgq peer rotate wg0 phone --out')).toEqual(['--output'])
  })
  test('wg and wg-quick offer their own verbs only', () => {
    expect(inBash('wg', 'wg s')).toEqual(['show', 'showconf', 'set', 'setconf', 'syncconf'])
    expect(inBash('wg-quick', 'wg-quick s').sort()).toEqual(['save', 'strip'])
  })
})

describe.skipIf(missing('fish'))('fish', () => {
  test('verbs, fields, options, words of set', () => {
    expect(inFish('wgq relo')).toEqual(['reload'])
    expect(inFish('wgq show wg0 lat')).toEqual(['latest-handshakes'])
    expect(inFish('wgq wait --hand')).toEqual(['--handshake'])
    expect(inFish('wgq set wg0 listen')).toEqual(['listen-port'])
    expect(inFish('wgq set wg0 peer KEY allowed')).toEqual(['allowed-ips'])
    expect(inFish('wgq pee')).toEqual(['peer'])
    expect(inFish('wgq peer ro')).toEqual(['rotate'])
    expect(inFish('wgq peer add wg0 phone --out')).toEqual(['--output'])
  })
})

describe.skipIf(missing('zsh'))('zsh', () => {
  // zsh completes only in an interactive shell: one runs on a pseudo-terminal of zsh's own and is sent a line and a tab.
  const inZsh = (line: string, wanted: string): string => {
    const script = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'fpath=(${folder} $fpath); autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste; PS1="ready> "; zstyle ":completion:*" list-prompt ""; setopt no_beep; LISTMAX=1000'
zpty -w z 'print RE""ADY'
local chunk all=''
while zpty -r z chunk; do all+=$chunk; [[ $all == *READY* ]] && break; done
zpty -n -w z $'${line}\\t\\t'
all=''
repeat 200; do
  if zpty -r -t z chunk; then all+=$chunk; [[ $all == *"${wanted}"* ]] && break; else sleep 0.02; fi
done
print -r -- $all
zpty -d z`
    return spawnSync('zsh', ['-f', '-c', script], {
      encoding: 'utf8',
      timeout: 30_000,
      env: { ...process.env, TERM: 'dumb' },
    }).stdout
  }
  test('a verb and a field are completed', () => {
    expect(inZsh('wgq relo', 'wgq reload')).toContain('wgq reload')
    expect(inZsh('wgq show wg0 latest', 'latest-handshakes')).toContain('latest-handshakes')
  })
})
