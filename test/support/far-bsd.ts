// SPDX-License-Identifier: MIT
// A FreeBSD in memory behind the protocol of scripts/remote/helper.c: tools and kernel keep state, a ping shakes hands.
import { createInterface } from 'node:readline'
import { SimulatedSystem } from '../../packages/backends/src/bsd/twin/simulated-system.ts'
import { FreebsdKernelTwin } from '../../packages/backends/src/freebsd/kernel-twin.ts'

const system = new SimulatedSystem('freebsd')
const kernel = new FreebsdKernelTwin()
system.onLink = (link, present) => {
  if (present) kernel.create(link)
  else kernel.interfaces.delete(link)
}

const bytesOf = (word = '-'): Buffer => Buffer.from(word === '-' ? '' : word, 'hex')
const hex = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('hex') || '-'
const say = (...words: readonly (string | number)[]): void => {
  process.stdout.write(`wgq:${words.join(' ')}\n`)
}
const monitors = new Set<string>()

const run = async (id: string, stdin: string, argv: readonly string[]): Promise<void> => {
  const call = argv.join(' ')
  if (call.endsWith('route -n monitor')) {
    monitors.add(id)
    return
  }
  if (argv[0] === 'uname') {
    say('O', id, hex('FreeBSD\n'))
    say('X', id, 0)
    return
  }
  if (argv[0] === 'ping') {
    for (const device of kernel.interfaces.values())
      for (const peer of device.peers) {
        peer.handshakeSeconds = BigInt(Math.floor(Date.now() / 1000))
        peer.txBytes += 148n
      }
    say('X', id, 0)
    return
  }
  const { status, stdout, stderr } = await system.run(argv, { stdin })
  if (stdout) say('O', id, hex(stdout))
  if (stderr) say('E', id, hex(stderr))
  if (/^route .*(add|delete)/.test(call))
    for (const monitor of monitors) say('O', monitor, hex('RTM_ADD: Add Route: len 176\n'))
  say('X', id, status)
}

const ask = (id: string, words: readonly string[]): void => {
  const [, request = '', ...rest] = words
  const pointed = rest.length === 3
  const argument = bytesOf(rest[pointed ? 1 : 0])
  const block = bytesOf(rest[2])
  const errno = kernel.ioctl(
    Number(request),
    argument,
    pointed ? { offset: Number(rest[0]), block } : undefined,
  )
  if (pointed) say('P', id, errno ?? '0', hex(argument), hex(block))
  else say('I', id, errno ?? '0', hex(argument))
}

say('ready')
createInterface({ input: process.stdin }).on('line', (line) => {
  const [kind, id = '', ...words] = line.split(' ')
  if (kind === 'R')
    void run(
      id,
      bytesOf(words[0]).toString(),
      words.slice(1).map((word) => bytesOf(word).toString()),
    )
  else if (kind === 'K') {
    if (monitors.delete(id)) say('X', id, 143)
  } else if (kind === 'N') say('N', id, [...system.interfaces.keys()].indexOf(words[0] ?? '') + 1)
  else ask(id, words)
})
