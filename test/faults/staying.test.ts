// SPDX-License-Identifier: MIT
// The process that brings a tunnel up and goes on as its data plane, killed at every step on the way, and its launcher killed in its
// place: afterwards, or after the next `down`, the host is as before.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtBin } from '../support/built-program.ts'
import { long, whyNoTunnel } from '../support/implementation.ts'
import { type Namespace, until } from '../support/netns.ts'
import { PrivateRun, type Ran, whyNoPrivateRun } from '../support/private-run.ts'
import { goldenNamespace } from '../support/quick-case.ts'
import { snapshot } from '../support/quick-snapshot.ts'
import { makeTextKeys } from '../support/tunnel.ts'

const why = whyNoTunnel() ?? whyNoPrivateRun()
if (why) console.log(`faults of the start skipped: ${why}`)

describe.skipIf(why)('killed on the way to a data plane', () => {
  let ns: Namespace
  let run: PrivateRun
  beforeEach(() => {
    ns = goldenNamespace()
    run = new PrivateRun()
    mkdirSync(join(run.root, 'bin'))
    const hook = join(import.meta.dirname, '../support/children/kill-at.cjs')
    // What says where to kill is for this Node alone, not for the next call.
    const node = `#!/bin/sh\nexec '${process.execPath}' --require '${hook}' "$@"\n`
    writeFileSync(join(run.root, 'bin/node'), node, { mode: 0o755 })
    const text = `[Interface]\nPrivateKey = ${makeTextKeys().privateKey}\nAddress = 10.9.0.1/24\n[Peer]\nPublicKey = ${makeTextKeys().publicKey}\nEndpoint = 198.51.100.10:51820\nAllowedIPs = 0.0.0.0/0\n`
    writeFileSync(join(run.work, 'stay0.conf'), text, { mode: 0o600 })
  })
  afterEach(() => {
    ns.remove()
    run.remove()
  })

  const wgq = (verb: string, killed?: string): Promise<Ran> =>
    run.run([join(builtBin, 'wgq'), verb, './stay0.conf'], {
      netns: ns.name,
      env: {
        COUNT_FILE: join(run.root, 'count'),
        ...(killed === undefined ? {} : { KILL: killed, WGQ_NODE: join(run.root, 'bin/node') }),
      },
    })
  const sockets = () => readdirSync(run.sockets)
  const gone = (what: string) => until(what, () => ns.pids().length === 0)

  test.each(['process', 'launcher'])('the %s', async (who) => {
    const before = snapshot(ns, run)
    expect(await wgq('up', `${who}:0`)).toMatchObject({ status: 0 })
    expect(ns.pids()).toHaveLength(1)
    const points = Number(readFileSync(join(run.root, 'count'), 'utf8'))
    // The last one is the word to the launcher that the tunnel is up: from then on it is.
    const count = who === 'launcher' ? points - 1 : points
    expect(count).toBeGreaterThan(8)
    expect(await wgq('down')).toMatchObject({ status: 0 })
    await gone('the data plane to end')
    ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=0')
    // The launcher only waits: what a kill of it interrupts is the same at neighbouring points.
    const step = who === 'launcher' && !long ? 2 : 1
    for (let at = 1; at <= count; at += step) {
      const up = await wgq('up', `${who}:${at}`)
      expect(up.status, `${at} of ${count}: ${up.stderr}`).not.toBe(0)
      if (who === 'process') expect(ns.run('ip', '-br', 'link'), up.stderr).not.toContain('stay0')
      // Without its launcher the process undoes what it did; after the last step the tunnel is up, for `down` to end.
      await wgq('down')
      await gone(`nothing to run after kill ${at} of ${count}\n${up.stderr}`)
      expect(sockets(), up.stderr).toEqual([])
      ns.run('sysctl', '-qw', 'net.ipv4.conf.all.src_valid_mark=0')
      expect(snapshot(ns, run), `kill ${at} of ${count}\n${up.stderr}`).toEqual(before)
    }
  })
})
