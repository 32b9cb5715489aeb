// SPDX-License-Identifier: MIT
import type { Command, ValueKind } from '../command-row.ts'
import { commands } from '../command-table.ts'
import { fieldNames } from '../show/fields.ts'
import { firstWords } from './first-words.ts'
import { nameScript } from './name-script.ts'
import { setWords } from './set-words.ts'

/** The fish completion for wgq; it does not start Node. Install as `wgq.fish`. */
export const fishCompletion = (): string => {
  const rows = commands.filter(({ personalities }) => personalities.includes('wgq'))
  return `# fish completion for wgq; generated from the command table

function __wgq_interfaces
    for path in /sys/class/net/*/uevent
        grep -qs '^DEVTYPE=wireguard' $path; and basename (dirname $path)
    end
    for path in /var/run/wireguard/*.sock
        basename $path .sock
    end
end

function __wgq_configs
    for path in /etc/wireguard/*.conf
        basename $path .conf
    end
    __fish_complete_suffix .conf
end

function __wgq_peers
    set -l words (commandline -opc)
    set -l file /etc/wireguard/$words[3].conf
    test -r "$file"; or return
    grep -hE '^[[:space:]]*PublicKey[[:space:]]*=' $file | sed 's/^[^=]*=[[:space:]]*//; s/[[:space:]#].*//'
    __wgq_names $words[3] | sed 's/^/@/'
end

function __wgq_names
    set -l name $argv[1]
    test -n "$name"; or set name (commandline -opc)[4]
    for file in /etc/wireguard/$name.conf /etc/wireguard/$name.conf.d/*.conf
        test -r $file; and sed -nE ${nameScript} $file
    end
end

function __wgq_at --argument-names verb position
    set -l words (commandline -opc | string match --invert -- '-*')
    set -l first (string split ' ' $verb)
    set -l last (math (count $first) + 1)
    test "$words[2..$last]" = "$verb"; and test (count $words) -eq (math $position + (count $first))
end

function __wgq_from --argument-names verb position
    set -l words (commandline -opc | string match --invert -- '-*')
    set -l first (string split ' ' $verb)
    set -l last (math (count $first) + 1)
    test "$words[2..$last]" = "$verb"; and test (count $words) -ge (math $position + (count $first))
end

function __wgq_set_words
    set -l words (commandline -opc)
    test "$words[2]" = set; or return
    switch $words[-1]
        case private-key preshared-key
            __fish_complete_path (commandline -ct)
        case peer
            __wgq_peers
        case listen-port fwmark endpoint persistent-keepalive allowed-ips
        case '*'
            if test (count $words) -lt 3
                return
            else if contains peer $words
                printf '%s\\n' ${setWords.peer.join(' ')}
            else
                printf '%s\\n' ${setWords.device.join(' ')}
            end
    end
end

complete -c wgq -f
${rows.map(firstLine).join('\n')}
${rows.flatMap(verbLines).join('\n')}
complete -c wgq -n '__wgq_from set 2' -a '(__wgq_set_words)'
`
}

/** The first line for a verb, or for the second word of one. */
const firstLine = ({ verb, summary }: Command): string => {
  const [word = '', action] = verb.split(' ')
  return action === undefined
    ? `complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a ${word} -d ${quote(summary)}`
    : `complete -c wgq -n 'test (count (commandline -opc)) -eq 1' -a ${word}\ncomplete -c wgq -n '__wgq_at ${word} 1' -a ${action} -d ${quote(summary)}`
}

const verbLines = (row: Command): string[] => [
  ...row.options.map(({ name, summary, valueName, valueOptional, valueKind }) => {
    const value = valueName === undefined || valueOptional ? '' : ` -x -a '${source(valueKind ?? 'text')}'`
    return `complete -c wgq -n '__wgq_from "${row.verb}" 1' -l ${name}${value} -d ${quote(summary)}`
  }),
  ...(row.verb === 'set' ? row.operands.slice(0, 1) : row.operands).flatMap(({ kind, repeated }, index) => {
    const words = source(kind)
    if (words === '') return []
    const where = repeated ? `__wgq_from "${row.verb}" ${index + 1}` : `__wgq_at "${row.verb}" ${index + 1}`
    return [`complete -c wgq -n '${where}' -a '${words}'`]
  }),
]

const source = (kind: ValueKind): string => {
  switch (kind) {
    case 'interface':
      return '(__wgq_interfaces)'
    case 'interface-or-all':
      return '(__wgq_interfaces) all interfaces'
    case 'field':
      return fieldNames.join(' ')
    case 'file':
      return '(__fish_complete_path (commandline -ct))'
    case 'config':
      return '(__wgq_configs)'
    case 'peer':
      return '(__wgq_peers)'
    case 'peer-name':
      return '(__wgq_names)'
    case 'verb':
      return firstWords(commands).join(' ')
    default:
      return ''
  }
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
