// SPDX-License-Identifier: MIT
import { chmodSync, linkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { CommandRunner } from '@wgq/backends/bsd/command-runner'

const programs = ['ifconfig', 'route', 'netstat', 'setfib', 'resolvconf', 'pgrep', 'cp', 'mv']

/**
 * Creates programs in a directory that pass their arguments and input to `system` and exit as it says: real processes
 * in front of a simulated system. Close the server when done.
 */
export const installStubs = async (directory: string, system: CommandRunner): Promise<Server> => {
  const socket = join(directory, 'socket')
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    let text = ''
    connection.setEncoding('utf8')
    connection.on('data', (chunk) => {
      text += chunk
    })
    connection.on('end', async () => {
      const { argv, stdin } = JSON.parse(text) as { argv: string[]; stdin: string }
      connection.end(JSON.stringify(await system.run(argv, { stdin })))
    })
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const client = join(directory, 'client.mjs')
  writeFileSync(client, clientSource(socket))
  const first = join(directory, 'stub')
  writeFileSync(first, `#!/bin/sh\nexec '${process.execPath}' '${client}' "\${0##*/}" "$@"\n`)
  chmodSync(first, 0o755)
  for (const program of programs) linkSync(first, join(directory, program))
  return server
}

const clientSource = (socket: string): string => `
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
const connection = connect(${JSON.stringify(socket)})
connection.end(JSON.stringify({ argv: process.argv.slice(2), stdin: readFileSync(0, 'utf8') }))
let text = ''
for await (const chunk of connection) text += chunk
const { status, stdout, stderr } = JSON.parse(text)
process.stdout.write(stdout)
process.stderr.write(stderr)
process.exitCode = status
`
