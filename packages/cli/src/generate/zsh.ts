// SPDX-License-Identifier: MIT
import type { Command, ValueKind } from '../command-row.ts'
import { commands } from '../command-table.ts'
import { fieldNames } from '../show/fields.ts'
import { firstWords } from './first-words.ts'
import { nameScript } from './name-script.ts'
import { setWords } from './set-words.ts'

/** The zsh completion for wgq; it does not start Node. Install as `_wgq` in a directory of fpath. */
export const zshCompletion = (): string => {
  const rows = commands.filter(({ personalities }) => personalities.includes('wgq'))
  return `#compdef wgq
# zsh completion for wgq; generated from the command table

_wgq_interfaces() {
  local -a names
  names=(/sys/class/net/*/uevent(N))
  names=(\${\${\${(f)"$(grep -ls '^DEVTYPE=wireguard' $names /dev/null)"}:h}:t})
  names+=(/var/run/wireguard/*.sock(N=:t:r))
  compadd -a names
}

_wgq_configs() {
  local -a names
  names=(/etc/wireguard/*.conf(N:t:r))
  compadd -a names
  _files -g '*.conf'
}

_wgq_peers() {
  local -a names
  names=(\${(f)"$(grep -hE '^[[:space:]]*PublicKey[[:space:]]*=' /etc/wireguard/\${words[2]}.conf 2>/dev/null | sed 's/^[^=]*=[[:space:]]*//; s/[[:space:]#].*//')"})
  names+=(@\${^\${(f)"$(_wgq_name_list \${words[2]})"}})
  compadd -a names
}

_wgq_name_list() {
  sed -nE ${nameScript} /etc/wireguard/$1.conf /etc/wireguard/$1.conf.d/*.conf(N) 2>/dev/null
}

_wgq_names() {
  local -a names
  names=(\${(f)"$(_wgq_name_list \${words[2]})"})
  compadd -a names
}

_wgq() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C '1: :->verb' '*:: :->rest'
  case $state in
    verb)
      local -a verbs
      verbs=(
${firstWords(rows)
  .map((word) => `        ${quote(`${word}:${summaryOf(rows, word)}`)}`)
  .join('\n')}
      )
      _describe -t commands 'wgq command' verbs
      ;;
    rest)
      case $line[1] in
${firstWords(rows)
  .map((word) => wordCase(word, rows))
  .join('\n')}
      esac
      ;;
  esac
}

_wgq "$@"
`
}

/** The summary of a verb, or of the verbs with this first word. */
const summaryOf = (rows: readonly Command[], word: string): string =>
  rows.find(({ verb }) => verb === word)?.summary ??
  rows
    .filter(({ verb }) => verb.startsWith(`${word} `))
    .map(({ verb }) => verb.slice(word.length + 1))
    .join(', ')

const wordCase = (word: string, rows: readonly Command[]): string => {
  const under = rows.filter(({ verb }) => verb.startsWith(`${word} `))
  if (under.length === 0) return verbCase(rows.find(({ verb }) => verb === word) as Command)
  const actions = under.map(({ verb }) => verb.slice(word.length + 1))
  return [
    `        ${word})`,
    `          if (( CURRENT == 2 )); then compadd ${actions.join(' ')}; return; fi`,
    '          shift words; (( CURRENT-- ))',
    '          case $words[1] in',
    ...under.map((row) => `    ${verbCase({ ...row, verb: row.verb.slice(word.length + 1) })}`),
    '          esac',
    '          ;;',
  ].join('\n')
}

const verbCase = (row: Command): string => {
  if (row.verb === 'set') return setCase
  const specs = [
    ...row.options.map(({ name, summary, valueName, valueKind, valueOptional }) => {
      const value =
        valueName === undefined
          ? ''
          : `:${valueOptional ? ':' : ''}${valueName.replaceAll(':', ' ')}:${action(valueKind ?? 'text')}`
      return quote(`--${name}${valueName === undefined ? '' : '='}[${summary.replace(/[[\]]/g, '')}]${value}`)
    }),
    ...row.operands.map(({ name, kind, optional, repeated }) =>
      quote(
        `${repeated ? '*' : ''}${optional && !repeated ? ':' : ''}:${name.replaceAll(':', ' ')}:${action(kind)}`,
      ),
    ),
  ]
  return `        ${row.verb}) ${specs.length > 0 ? `_arguments ${specs.join(' ')}` : ''} ;;`
}

const action = (kind: ValueKind): string => {
  switch (kind) {
    case 'interface':
      return '_wgq_interfaces'
    case 'interface-or-all':
      return '{ _wgq_interfaces; compadd all interfaces }'
    case 'field':
      return `(${fieldNames.join(' ')})`
    case 'file':
      return '_files'
    case 'config':
      return '_wgq_configs'
    case 'peer':
      return '_wgq_peers'
    case 'peer-name':
      return '_wgq_names'
    case 'verb':
      return `(${firstWords(commands).join(' ')})`
    default:
      return ' '
  }
}

const setCase = `        set)
          case \${words[CURRENT-1]} in
            set) _wgq_interfaces ;;
            private-key|preshared-key) _files ;;
            peer) _wgq_peers ;;
            listen-port|fwmark|endpoint|persistent-keepalive|allowed-ips) ;;
            *)
              if (( \${words[(I)peer]} )); then compadd ${setWords.peer.join(' ')}
              else compadd ${setWords.device.join(' ')}; fi
              ;;
          esac
          ;;`

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
