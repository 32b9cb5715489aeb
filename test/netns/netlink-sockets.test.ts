// SPDX-License-Identifier: MIT
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Op } from '../../packages/model/src/operation.ts'
import { addonPath } from '../../packages/native/src/addon.ts'
import { childEnvironment, childFolder, childScript } from '../support/child-script.ts'
import { Namespace, whyNoNetns } from '../support/netns.ts'
import { workspace } from '../support/workspace.ts'

const reason = whyNoNetns() ?? (addonPath() ? undefined : 'the addon is not built')
if (reason) console.log(`skipped: ${reason}`)

const route = (index: number, act: 'add' | 'delete' = 'add'): Op => ({
  do: `route.${act}`,
  dev: 't0',
  dst: { family: 4, address: `10.${index >> 8}.${index & 255}.0`, prefixLength: 24 },
  table: 500,
})
const routes = Array.from({ length: 10_000 }, (_, index) => route(index))

// npm netlink is found where it would be installed for the child.
symlinkSync(join(workspace, 'packages/netlink/node_modules'), join(childFolder(), 'node_modules'))

/** Both ways to the kernel carry out the same list; only the addon passes on the kernel's own words. */
describe.skipIf(reason).each(['native', 'npm'])('the %s socket', (kind) => {
  let ns: Namespace
  const run = (...steps: object[]): unknown[] => {
    const done = ns.tryRun('node', [childScript('apply-operations'), kind], {
      input: `${steps.map((step) => JSON.stringify(step)).join('\n')}\n`,
      env: { ...childEnvironment, WGQ_ADDON: addonPath() },
    })
    expect(done).toMatchObject({ status: 0, stderr: '' })
    return done.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
  beforeAll(() => {
    ns = new Namespace('nl-socket')
    ns.run('ip', 'tuntap', 'add', 't0', 'mode', 'tun')
    ns.run('ip', 'link', 'set', 't0', 'up')
  })
  afterAll(() => ns.remove())

  it('adds, lists and deletes 10,000 routes', () => {
    const [added, shown] = run(
      { apply: routes },
      { show: { what: 'routes', query: { family: 4, table: 500 } } },
    ) as [object, { answer: object[] }]
    expect(added).toEqual({ answer: {} })
    expect(shown.answer).toHaveLength(10_000)
    expect(ns.run('ip', 'route', 'show', 'table', '500').trim().split('\n')).toHaveLength(10_000)
    expect(run({ apply: routes.map((_, index) => route(index, 'delete')) })).toEqual([{ answer: {} }])
    expect(ns.tryRun('ip', ['route', 'show', 'table', '500']).stdout).toBe('')
  })

  it('tells which of many failed and leaves nothing behind it', () => {
    ns.run('ip', 'route', 'add', '10.1.44.0/24', 'dev', 't0', 'table', '500')
    const [failed] = run({ apply: routes.slice(0, 1000) })
    expect(failed).toEqual({
      code: 'E_HOST',
      errno: 'EEXIST',
      exitCode: 2,
      message: 'RTNETLINK answers: File exists',
      applied: 300,
    })
    expect(ns.run('ip', 'route', 'show', 'table', '500').trim().split('\n')).toHaveLength(301)
  })

  it('gives the words of the kernel where the socket can', () => {
    const bad = { ...route(0), dst: { family: 4, address: '10.0.0.1', prefixLength: 24 } }
    const words = {
      native: 'Error: Invalid prefix for given prefix length.',
      npm: 'RTNETLINK answers: Invalid argument',
    }
    expect(run({ apply: [bad] })).toMatchObject([{ errno: 'EINVAL', message: words[kind as 'npm'] }])
  })
})
