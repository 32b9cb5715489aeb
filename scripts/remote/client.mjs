// SPDX-License-Identifier: MIT
// Passes a command (the name it was called by and its arguments) or, without any, a request of far-kernel.cjs on
// standard input to the process that holds the stream to the far end, and prints the result.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

const argv = process.argv.slice(2)
const reads = argv.length === 0 || argv[0] === 'resolvconf'
const input = reads ? readFileSync(0, 'utf8') : ''
const connection = connect(process.env.WGQ_REMOTE_SOCKET)
connection.write(`${argv.length > 0 ? JSON.stringify({ argv, stdin: input }) : input}\n`)
let text = ''
process.exitCode = 255
for await (const piece of connection.setEncoding('utf8')) {
  const lines = (text + piece).split('\n')
  text = lines.pop()
  for (const line of lines) {
    const said = JSON.parse(line)
    if (said.out !== undefined) process.stdout.write(Buffer.from(said.out, 'hex'))
    else if (said.err !== undefined) process.stderr.write(Buffer.from(said.err, 'hex'))
    else if (said.status !== undefined) process.exitCode = said.status
    else {
      process.stdout.write(line)
      process.exitCode = 0
    }
  }
}
