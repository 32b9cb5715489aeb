// SPDX-License-Identifier: MIT
import type { Personality } from '../command.ts'
import type { Command, ValueKind } from '../command-row.ts'
import { commands } from '../command-table.ts'
import { fieldNames } from '../show/fields.ts'
import { firstWords } from './first-words.ts'
import { nameScript } from './name-script.ts'
import { setWords } from './set-words.ts'

/** The bash completion for one name of the program; it does not start Node. Install as `wgq`, `wg` or `wg-quick`. */
export const bashCompletion = (program: Personality): string => {
  const rows = commands.filter(({ personalities }) => personalities.includes(program))
  const id = `_${program.replace('-', '_')}`
  return `# bash completion for ${program}; generated from the command table
# shellcheck shell=bash disable=SC2207 # names of interfaces, files and keys hold no blanks
${functions(id)}
${id}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} verb=\${COMP_WORDS[1]:-} at=$((COMP_CWORD - 1))
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${firstWords(rows).join(' ')}" -- "$cur"))
    return
  fi
  case $verb in
${firstWords(rows)
  .map((word) => wordCase(id, word, rows, program))
  .join('\n')}
  esac
}
complete -o nosort -F ${id} ${program}
`
}

const functions = (id: string): string => `${id}_interfaces() {
  local path
  for path in /sys/class/net/*/uevent; do
    [[ -r $path ]] && grep -qs '^DEVTYPE=wireguard' "$path" && path=\${path%/uevent} && echo "\${path##*/}"
  done
  for path in /var/run/wireguard/*.sock; do
    [[ -S $path ]] && path=\${path##*/} && echo "\${path%.sock}"
  done
}
${id}_configs() {
  local path
  for path in /etc/wireguard/*.conf; do
    [[ -e $path ]] && path=\${path##*/} && echo "\${path%.conf}"
  done
}
${id}_peers() {
  grep -hE '^[[:space:]]*PublicKey[[:space:]]*=' "/etc/wireguard/$1.conf" 2>/dev/null | sed 's/^[^=]*=[[:space:]]*//; s/[[:space:]#].*//'
  ${id}_names "$1" | sed 's/^/@/'
}
${id}_names() {
  sed -nE ${nameScript} "/etc/wireguard/$1.conf" "/etc/wireguard/$1.conf.d"/*.conf 2>/dev/null
}
`

/** The `case` branch of a verb, or of the first word of several verbs. */
const wordCase = (id: string, word: string, rows: readonly Command[], program: Personality): string => {
  const under = rows.filter(({ verb }) => verb.startsWith(`${word} `))
  if (under.length === 0) return verbCase(id, rows.find(({ verb }) => verb === word) as Command, program)
  const actions = under.map(({ verb }) => verb.slice(word.length + 1))
  return [
    `    ${word})`,
    `      if ((at == 1)); then COMPREPLY=($(compgen -W "${actions.join(' ')}" -- "$cur")); return; fi`,
    '      ((at--))',
    `      case \${COMP_WORDS[2]} in`,
    ...under.map((row) => verbCase(id, { ...row, verb: row.verb.slice(word.length + 1) }, program)),
    '      esac',
    '      ;;',
  ].join('\n')
}

const verbCase = (id: string, row: Command, program: Personality): string => {
  const options = program === 'wgq' ? row.options : []
  const lines: string[] = []
  for (const option of options) {
    if (option.valueName === undefined || option.valueOptional) continue
    lines.push(
      `      if [[ \${COMP_WORDS[COMP_CWORD - 1]} == --${option.name} ]]; then COMPREPLY=(${candidates(id, option.valueKind ?? 'text')}); return; fi`,
    )
  }
  if (options.length > 0)
    lines.push(
      `      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "${options.map(({ name }) => `--${name}`).join(' ')} --help" -- "$cur")); return; fi`,
    )
  if (row.verb === 'set') lines.push(setCase(id))
  else if (row.operands.length > 0)
    lines.push(
      '      case $at in',
      ...row.operands.map(
        (operand, index) =>
          `        ${operand.repeated ? '*' : index + 1}) COMPREPLY=(${candidates(id, operand.kind)}) ;;`,
      ),
      '      esac',
    )
  return `    ${row.verb})\n${lines.length > 0 ? `${lines.join('\n')}\n` : ''}      ;;`
}

const candidates = (id: string, kind: ValueKind): string => {
  switch (kind) {
    case 'interface':
      return `$(compgen -W "$(${id}_interfaces)" -- "$cur")`
    case 'interface-or-all':
      return `$(compgen -W "$(${id}_interfaces) all interfaces" -- "$cur")`
    case 'field':
      return `$(compgen -W "${fieldNames.join(' ')}" -- "$cur")`
    case 'file':
      return `$(compgen -f -- "$cur")`
    case 'config':
      return `$(compgen -W "$(${id}_configs)" -- "$cur") $(compgen -f -X '!*.conf' -- "$cur") $(compgen -d -- "$cur")`
    case 'peer':
      return `$(compgen -W "$(${id}_peers "\${COMP_WORDS[2]}")" -- "$cur")`
    case 'peer-name':
      return `$(compgen -W "$(${id}_names "\${COMP_WORDS[3]}")" -- "$cur")`
    case 'verb':
      return `$(compgen -W "${firstWords(commands).join(' ')}" -- "$cur")`
    default:
      return ''
  }
}

/** The word pairs of `set`: valid words depend on the previous word and on whether a peer was named (spec wg §18). */
const setCase = (
  id: string,
): string => `      if ((at == 1)); then COMPREPLY=(${candidates(id, 'interface')}); return; fi
      case \${COMP_WORDS[COMP_CWORD - 1]} in
        private-key | preshared-key) COMPREPLY=($(compgen -f -- "$cur")) ;;
        peer) COMPREPLY=(${candidates(id, 'peer')}) ;;
        listen-port | fwmark | endpoint | persistent-keepalive | allowed-ips) ;;
        *)
          if [[ " \${COMP_WORDS[*]:3:COMP_CWORD-3} " == *" peer "* ]]; then
            COMPREPLY=($(compgen -W "${setWords.peer.join(' ')}" -- "$cur"))
          else
            COMPREPLY=($(compgen -W "${setWords.device.join(' ')}" -- "$cur"))
          fi
          ;;
      esac`
