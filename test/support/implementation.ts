// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { whyNoNetns } from './netns.ts'
import { workspace } from './workspace.ts'

const bin = join(workspace, 'dist/bin')

/** A userspace WireGuard daemon with wireguard-go's command line: `COMMAND -f NAME`. */
export interface Implementation {
  readonly name: string
  readonly command: string
}

/** Ours, as built. */
export const wgqd: Implementation = { name: 'wgqd', command: join(bin, 'wgqd') }

/** The reference, as installed. */
export const wireguardGo: Implementation = { name: 'wireguard-go', command: 'wireguard-go' }

const asked = process.env['WGQ_TEST_DAEMON']

/** The implementation under test: wgqd; wireguard-go with WGQ_TEST_DAEMON=wireguard-go, which tests the tests; a wgqd
 *  built elsewhere with WGQ_TEST_DAEMON=PATH. */
export const subject: Implementation =
  asked === wireguardGo.command ? wireguardGo : asked ? { ...wgqd, command: asked } : wgqd

/** Whether ours is under test; some properties that wireguard-go documents as missing are tested only on ours. */
export const testingOurs = subject !== wireguardGo

/** Whether the build under test is that of scripts/build/portable, which has no super-packets on either side. */
export const hasOffloads = !asked?.includes('/dist/portable/')

/** The `wg` that configures: Debian's, which is the reference for the UAPI. */
export const wg = 'wg'

/** Our own `wg` as built. */
export const ownWg = join(bin, 'wg')

/** Path of one of our programs as built. */
export const program = (name: 'wgq' | 'wg' | 'wg-quick' | 'wgqd'): string => join(bin, name)

/** Whether tests that take many minutes run too (WGQ_LONG=1). */
export const long = process.env['WGQ_LONG'] === '1'

const installed = (command: string): boolean =>
  command.includes('/') ? existsSync(command) : spawnSync('which', [command]).status === 0

/** Returns why tests with daemons cannot run here, or undefined when they can; `also` names further programs needed. */
export const whyNoTunnel = (...also: string[]): string | undefined => {
  const netns = whyNoNetns()
  if (netns) return netns
  if (!existsSync('/dev/net/tun')) return 'no /dev/net/tun'
  const missing = [subject.command, wg, ...also].filter((command) => !installed(command))
  return missing.length ? `not installed or built: ${missing.join(', ')}` : undefined
}
