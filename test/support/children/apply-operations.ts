// SPDX-License-Identifier: MIT
// Carries out the lists of operations on standard input, one list per line, over the kind of socket named by the first
// argument (native, npm). Prints one line of JSON for each: the error, or what `routes` shows.
import { readFileSync } from 'node:fs'
import { openHost } from '../../../packages/backends/src/linux/host.ts'
import type { WgqError } from '../../../packages/model/src/error.ts'
import { openNativeSocket } from '../../../packages/netlink/src/native-socket.ts'
import { openNpmSocket } from '../../../packages/netlink/src/npm-socket.ts'

const run = async (lines: readonly string[]): Promise<void> => {
  const open = process.argv[2] === 'npm' ? openNpmSocket : openNativeSocket
  const host = openHost({ socket: open({ protocol: 0 }) })
  for (const line of lines) {
    const { apply, show } = JSON.parse(line)
    try {
      if (apply) await host.apply(apply)
      const answer = show ? await host[show.what as 'routes'](show.query) : {}
      console.log(JSON.stringify({ answer }))
    } catch (error) {
      const { code, errno, exitCode, message, applied } = error as WgqError & { applied?: number }
      console.log(JSON.stringify({ code, errno, exitCode, message, applied }))
    }
  }
  host.close()
}

void run(readFileSync(0, 'utf8').split('\n').filter(Boolean))
