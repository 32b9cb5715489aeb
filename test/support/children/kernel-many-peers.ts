// SPDX-License-Identifier: MIT
// Runs under the other kernel: many peers with four allowed IPs each, set by ours and read by both, and the other way
// round. Prints digests of the dumps, which have 0.3 kB a peer.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'

process.chdir(mkdtempSync('/tmp/kernel-peers-'))
const peers = Number(process.argv[3])
const publicKey = (number: number): string => {
  const bytes = Buffer.alloc(32, 0x11)
  bytes.writeUInt32BE(number, 0)
  return bytes.toString('base64')
}
const sections = Array.from({ length: peers }, (_, number) => {
  const [high, low] = [number >> 8, number & 255]
  const allowedIps = `10.${high}.${low}.0/24, 172.16.${high}.${low}/32, fd00:${number.toString(16)}::/64, fd01::${number.toString(16)}`
  return `[Peer]\nPublicKey = ${publicKey(number)}\nEndpoint = 192.0.2.${low}:${1 + number}\nAllowedIPs = ${allowedIps}\n`
})
writeFileSync(
  'many.conf',
  `[Interface]\nPrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=\n${sections.join('')}`,
)

const run = (command: string, ...args: string[]): string => {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr}`)
  return done.stdout
}
const ours = `${process.argv[2]}/dist/bin/wg`
const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
const read = (wg: string) => digest(run(wg, 'show', 'wg0', 'dump'))
const seconds = (act: () => unknown): number => {
  const start = process.hrtime.bigint()
  act()
  return Number(process.hrtime.bigint() - start) / 1e9
}

const result: Record<string, unknown> = {}
for (const [setter, wg] of [
  ['ours', ours],
  ['theirs', 'wg'],
] as const) {
  run('ip', 'link', 'add', 'wg0', 'type', 'wireguard')
  run('wg', 'set', 'wg0', 'listen-port', '40000')
  const setSeconds = seconds(() => run(wg, 'addconf', 'wg0', 'many.conf'))
  const rows = run('wg', 'show', 'wg0', 'dump').trim().split('\n')
  result[setter] = {
    setSeconds,
    rows: rows.length,
    allowedIps: rows.slice(1).reduce((sum, row) => sum + (row.split('\t')[3] as string).split(',').length, 0),
    readByTheirs: read('wg'),
    readByOurs: read(ours),
    shownByTheirs: digest(run('wg', 'showconf', 'wg0')),
    shownByOurs: digest(run(ours, 'showconf', 'wg0')),
    readSeconds: { ours: seconds(() => read(ours)), theirs: seconds(() => read('wg')) },
  }
  run('ip', 'link', 'delete', 'wg0')
}
console.log(JSON.stringify(result))
