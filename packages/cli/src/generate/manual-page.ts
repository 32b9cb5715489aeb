// SPDX-License-Identifier: MIT
import { manCommands } from './man.ts'

/** The page wgq(8): the commands come from the table, the rest is written here. */
export const wgqManualPage = (): string => page().split('\n').flatMap(wrapped).join('\n')

const page = (): string => `.\\" SPDX-License-Identifier: MIT
.\\" Generated from the command table; edit packages/cli/src/generate instead.
.TH WGQ 8 "2026-11-28" "wgq" "System Administration"
.SH NAME
wgq \\- bring WireGuard tunnels up, look at them and change them
.SH SYNOPSIS
.B wgq
.I command
.RI [ arguments ]
.br
.B wg
.I command
.RI [ arguments ]
.br
.BR wg\\-quick " { " up " | " down " | " save " | " strip " }"
.I name
.br
.B wgqd
.RB [ \\-f ]
.I interface
.SH DESCRIPTION
.B wgq
does what
.BR wg (8)
and
.BR wg\\-quick (8)
do, as one program, and more. Where the kernel has a WireGuard driver it drives it; where it has none,
.B wgq up
starts
.BR wgqd ,
the userspace data plane that comes with it.
.PP
Called by the name
.B wg
or
.B wg\\-quick
it behaves as those programs do, to the byte where scripts look.
.SH COMMANDS
${manCommands()}.SH FILES
.TP
.I /etc/wireguard/NAME.conf
The configuration of the tunnel NAME; see
.BR wgq.conf (5).
.TP
.I /etc/wireguard/NAME.conf.d/*.conf
Peers of the tunnel NAME in files of their own.
.TP
.I /etc/wireguard/NAME.clients/
Files of clients that
.B peer add \\-\\-keep
kept, private keys included.
.TP
.I /run/wgq/NAME.json
What was done to bring a tunnel up, and how to take it back. Never contains keys.
.TP
.I /var/run/wireguard/NAME.sock
The configuration socket of a userspace device.
.SH ENVIRONMENT
.TP
.B WG_COLOR_MODE
.BR always ,
.BR never " or " auto :
colour in the output of
.BR show .
.TP
.B NO_COLOR
No colour in the output of wgq's own commands.
.TP
.B WG_HIDE_KEYS
.B never
shows keys in the output of
.B show
for people.
.TP
.B WG_ENDPOINT_RESOLUTION_RETRIES
How often a name is looked up again before giving up; 15 unless set,
.B infinity
for ever.
.TP
.B WG_QUICK_USERSPACE_IMPLEMENTATION
The program that is started where the kernel has no driver, instead of wgqd.
.TP
.B LOG_LEVEL
What wgqd says:
.BR silent ", " error ", " verbose .
.TP
.B WGQ_TUN_OFFLOAD, WGQ_UDP_GSO, WGQ_UDP_GRO
.B 0
turns off an offload of wgqd that the kernel does not support.
.TP
.B WGQ_DEBUG
.B 1
prints the stack of an internal error.
.SH "EXIT STATUS"
.TP
.B 0
Done.
.TP
.B 1
It failed; standard error says why, and what to do.
.TP
.B 2
.BR diff " and " "reload \\-\\-check" :
file and tunnel differ.
.TP
.B 3
.BR doctor :
a problem was found.
.TP
.B 4
.BR wait :
the time was over.
.PP
Where a child process failed
.RB ( ip ,
a hook,
.BR resolvconf ),
.B up
and
.B down
end with its status; 127 means that a program is missing.
.SH "SEE ALSO"
.BR wgq.conf (5),
.BR wg (8),
.BR wg\\-quick (8),
.BR nft (8),
.BR ip\\-rule (8)
`

const mostColumns = 79

/**
 * Wraps text to the width that manual page checkers expect; leaves requests whole and begins no text line like a
 * request.
 */
const wrapped = (line: string): string[] => {
  if (line.startsWith('.') || line.length <= mostColumns) return [line]
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    const isFull = current !== '' && current.length + 1 + word.length > mostColumns
    if (isFull && !/^[.']/.test(word)) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current]
}
