// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Implementation, wgqd, wireguardGo } from '../../../test/support/implementation.ts'
import { Tunnel, type TunnelOptions } from '../../../test/support/tunnel.ts'
import { workspace } from '../../../test/support/workspace.ts'

/** Another build of ours to compare with: its `dist`. */
const older = process.env['WGQ_OLDER']
/** The build without super-packets, if scripts/build/portable has made one. */
const portable = join(workspace, 'dist/portable/bin/wgqd')
/** Daemons built by scripts/other-daemons/install. */
const otherDaemons = join(workspace, '.cache/other-daemons/bin')
const ownGo = join(process.env['GOBIN'] ?? join(homedir(), 'go/bin'), 'wireguard')
const newestGo = existsSync(ownGo) ? ownGo : join(otherDaemons, 'wireguard')

/** The file that must exist for an implementation to run; for ours the launcher is not enough. */
const proof = ({ name, command }: Implementation): string =>
  name === wgqd.name ? join(workspace, 'dist/lib/wgqd.cjs') : command

/**
 * The daemons installed here: ours, another build of ours (WGQ_OLDER=DIST), the distribution's wireguard-go, and those
 * that scripts/other-daemons/install built; the newest wireguard-go also from `go install`.
 */
export const contestants = (): Implementation[] =>
  [
    wgqd,
    ...(older === undefined ? [] : [{ name: 'wgqd (older build)', command: join(older, 'bin/wgqd') }]),
    { ...wgqd, name: 'wgqd (as on the BSDs)', command: portable },
    { ...wireguardGo, name: 'wireguard-go (Debian)' },
    { name: 'wireguard-go (newest)', command: newestGo },
    { name: 'gotatun-cli', command: join(otherDaemons, 'gotatun') },
    { name: 'boringtun-cli', command: join(otherDaemons, 'boringtun-cli') },
  ].filter((one) => {
    const path = proof(one)
    const there = path.includes('/') ? existsSync(path) : spawnSync('which', [path]).status === 0
    if (!there) console.error(`bench: ${one.name} is not installed`)
    return there
  })

/** Opens a tunnel between two daemons of one kind and checks that it carries packets. */
export const openTunnel = async (
  implementation: Implementation,
  options: Partial<TunnelOptions> = {},
): Promise<Tunnel> => {
  const tunnel = await Tunnel.open({
    label: 'bench',
    implementations: [implementation, implementation],
    ...options,
  })
  if (!tunnel.ping()) {
    tunnel.remove()
    throw new Error(`${implementation.name} does not carry a ping:\n${tunnel.a.daemon.log}`)
  }
  return tunnel
}
