// SPDX-License-Identifier: MIT
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BsdHost } from '@wgq/backends/bsd/host'
import { SimulatedSystem } from '@wgq/backends/bsd/twin/simulated-system'
import { freebsdDialect } from '@wgq/backends/freebsd/dialect'
import { netbsdDialect } from '@wgq/backends/netbsd/dialect'
import { openbsdDialect } from '@wgq/backends/openbsd/dialect'
import type { DeviceAccess } from '@wgq/model/device'
import { afterEach, expect, test } from 'vitest'
import { watchRoutes } from './watch-routes.ts'

const folder = mkdtempSync(join(tmpdir(), 'wgq-routes-'))
const path = process.env['PATH']
afterEach(() => {
  process.env['PATH'] = path
  rmSync(folder, { recursive: true, force: true })
})

// FreeBSD 14's route(8) keeps lines for itself when its output is a pipe.
test('the program that prints the changes prints them line by line', async () => {
  const calls = join(folder, 'calls')
  for (const name of ['route', 'stdbuf']) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} "$@" >>'${calls}'\n`)
    chmodSync(join(folder, name), 0o755)
  }
  process.env['PATH'] = `${folder}:${path}`
  const devices = {} as DeviceAccess
  for (const dialect of [freebsdDialect, openbsdDialect, netbsdDialect]) {
    const host = new BsdHost(dialect, new SimulatedSystem(dialect.system), () => 1)
    await watchRoutes('wg0', join(folder, 'routes'), host, devices)
  }
  expect(readFileSync(calls, 'utf8')).toBe(
    'stdbuf -oL route -n monitor\nroute -n monitor\nroute -n monitor\n',
  )
})
