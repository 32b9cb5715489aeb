// SPDX-License-Identifier: MIT
// scripts/verify-bsd --remote SHELL [OPTION…]: runs scripts/verify-bsd here with its commands and ioctls on another
// machine, SHELL is a command that connects its input and output to a root shell there.
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workspace as root } from '../../test/support/workspace.ts'
import { FarEnd } from './far-end.ts'

const here = join(root, 'scripts/remote')
const tools = 'ifconfig route netstat setfib resolvconf pgrep ping stdbuf uname wgconfig'.split(' ')

/** Node's names of processors and their byte order, by `uname -m`. */
const processors: Readonly<Record<string, readonly [string, 'LE' | 'BE']>> = {
  amd64: ['x64', 'LE'],
  x86_64: ['x64', 'LE'],
  arm64: ['arm64', 'LE'],
  aarch64: ['arm64', 'LE'],
  evbarm: ['arm64', 'LE'],
  i386: ['ia32', 'LE'],
  riscv64: ['riscv64', 'LE'],
  sparc64: ['sparc64', 'BE'],
  powerpc64: ['ppc64', 'BE'],
  macppc: ['ppc', 'BE'],
}

interface Question {
  readonly argv?: readonly string[]
  readonly stdin?: string
  readonly ioctl?: readonly [number, string, number?]
  readonly header?: string
  readonly data?: string
  readonly index?: string
}

const answer = async (far: FarEnd, question: Question, connection: Socket): Promise<void> => {
  const say = (what: object): void => void connection.write(`${JSON.stringify(what)}\n`)
  if (question.argv) {
    let running = true
    const end = far.run(question.argv, question.stdin ?? '', {
      onOutput: (which, bytes) => say({ [which]: bytes.toString('hex') }),
      onEnd: (status) => {
        running = false
        say({ status })
        connection.end()
      },
    })
    connection.on('close', () => {
      if (running) end()
    })
    return
  }
  if (question.ioctl) {
    const [family, request, offset] = question.ioctl
    const header = Buffer.from(question.header ?? '', 'hex')
    const data = Buffer.from(question.data ?? '', 'hex')
    const done = await far.ioctl(family, request, header, offset === undefined ? undefined : { offset, data })
    say({ errno: done.errno, header: done.header.toString('hex'), data: done.data.toString('hex') })
  } else say({ index: await far.index(question.index ?? '') })
  connection.end()
}

const main = async (shell: string | undefined, options: readonly string[]): Promise<number> => {
  if (!shell) throw new Error("expected a command that gives a shell of root, such as 'ssh root@bsd sh'")
  const stream = spawn('sh', ['-c', shell], { stdio: ['pipe', 'pipe', 'inherit'] })
  const far = new FarEnd(stream.stdin, stream.stdout)
  const folder = mkdtempSync(join(tmpdir(), 'wgq-remote-'))
  try {
    const { system, release, machine } = await far.start(readFileSync(join(here, 'helper.c'), 'utf8'))
    process.stderr.write(`verify-bsd: ${system} ${release} on ${machine} at the far end\n`)
    const processor = processors[machine]
    if (!processor) throw new Error(`no processor is known by the name ${machine}`)
    const socket = join(folder, 'socket')
    const server = createServer({ allowHalfOpen: true }, (connection) => {
      let text = ''
      connection.on('error', () => {})
      connection.setEncoding('utf8').on('data', (piece) => {
        text += piece
        if (text.endsWith('\n')) void answer(far, JSON.parse(text), connection)
      })
    })
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    const client = join(here, 'client.mjs')
    const script = (name: string, words: string): void => {
      writeFileSync(join(folder, name), `#!/bin/sh\nexec '${process.execPath}' ${words} "$@"\n`)
      chmodSync(join(folder, name), 0o755)
    }
    for (const tool of tools) script(tool, `'${client}' ${tool}`)
    const kernel = join(here, 'far-kernel.cjs')
    for (const program of ['wgq', 'wg', 'wg-quick'])
      script(program, `-r '${kernel}' '${join(root, 'dist/lib/wgq.cjs')}' "$0"`)
    const check = spawn(join(root, 'scripts/verify-bsd'), options, {
      stdio: 'inherit',
      env: {
        ...process.env,
        PATH: `${folder}:${process.env['PATH']}`,
        WGQ_ADDON: kernel,
        WGQ_VERIFY_REMOTE: folder,
        WGQ_REMOTE_SOCKET: socket,
        WGQ_REMOTE: JSON.stringify({
          platform: system.toLowerCase(),
          release,
          architecture: processor[0],
          endianness: processor[1],
          client,
          addon: join(root, 'dist/lib/wgq.node'),
        }),
      },
    })
    const status = await new Promise<number>((resolve) => check.on('close', (code) => resolve(code ?? 1)))
    server.close()
    return status
  } finally {
    far.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const [shell, ...options] = process.argv.slice(2)
process.exitCode = await main(shell, options).catch((error: Error) => {
  process.stderr.write(`verify-bsd: ${error.message}\n`)
  return 1
})
