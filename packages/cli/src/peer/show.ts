// SPDX-License-Identifier: MIT
import { isatty } from 'node:tty'
import { formatCidr } from '@wgq/model/cidr'
import { formatEndpoint } from '@wgq/model/endpoint'
import { shellWord } from '@wgq/model/shell-word'
import { visible } from '@wgq/model/shown'
import type { Handler } from '../command.ts'
import { readIfThere } from '../observe/tunnels.ts'
import { parseArguments } from '../options.ts'
import { writeErr, writeOut } from '../output.ts'
import { drawCode, makeCode } from '../qr/code.ts'
import { runQuick } from '../quick-session.ts'
import { shortAge } from '../show/short.ts'
import { keptPath, readKept } from './kept.ts'
import { findPlaced, readTunnelFile } from './tunnel-file.ts'

/** wgq peer show IF PEER [--qr]: prints the client's file if it was kept, else the server's data about the peer. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const [tunnel = '', word = ''] = parsed.operands
  return runQuick({ ...invocation, args: [tunnel] }, async (session) => {
    const peer = findPlaced(readTunnelFile(session.configPath), word)
    const kept = peer.name === undefined ? undefined : readKept(session.configPath, peer.name)
    if (kept !== undefined) {
      if (!parsed.flags.has('qr')) writeOut(kept)
      if (parsed.flags.has('qr') || isatty(1)) writeOut(drawCode(await makeCode(kept)))
      writeErr(`wgq: with its private key, from ${keptPath(session.configPath, peer.name as string)}\n`)
      return 0
    }
    const { devices } = session.dependencies
    const running = (await devices.list()).includes(session.name)
    const device = running ? await readIfThere(devices, session.name) : undefined
    const live = device?.peers.find(({ publicKey }) => publicKey === peer.publicKey)
    const age =
      live && live.lastHandshake.seconds > 0n
        ? shortAge(nowSeconds() - Number(live.lastHandshake.seconds))
        : undefined
    const lines: ReadonlyArray<readonly [string, string | undefined]> = [
      ['name', peer.name],
      ['public key', peer.publicKey],
      ['addresses', peer.allowedIps.map(formatCidr).join(', ')],
      ['state', peer.disabled ? 'disabled' : live ? 'in the running tunnel' : 'the tunnel does not run it'],
      ['expires', peer.expires],
      ['endpoint', live?.endpoint && formatEndpoint(live.endpoint)],
      ['last handshake', age && `${age} ago`],
      ['file', peer.part.path],
    ]
    writeOut(
      lines.flatMap(([key, value]) => (value ? [`${`${key}:`.padEnd(16)}${visible(value)}\n`] : [])).join(''),
    )
    writeErr(
      `wgq: the client's own file was not kept: its private key is on the client alone\n  hint: \`wgq peer rotate ${visible(shellWord(tunnel))} ${visible(shellWord(word))}\` makes new keys and a new file\n`,
    )
    return parsed.flags.has('qr') ? 1 : 0
  })
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000)
