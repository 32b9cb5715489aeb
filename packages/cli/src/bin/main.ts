// SPDX-License-Identifier: MIT
import type { Handler } from '../command.ts'

// Everything that is not on the fast path of bin/wgq.ts; each handler's module is initialised only when its verb is called.
const handlers: Record<string, () => Promise<{ run: Handler }>> = {
  'wg-quick': () => import('../verbs/wg-quick.ts'),
  up: () => import('../verbs/up.ts'),
  run: () => import('../verbs/run.ts'),
  down: () => import('../verbs/down.ts'),
  save: () => import('../verbs/save.ts'),
  init: () => import('../verbs/init.ts'),
  peer: () => import('../verbs/peer.ts'),
  list: () => import('../verbs/list.ts'),
  status: () => import('../verbs/list.ts'),
  'route-monitor': () => import('../verbs/route-monitor.ts'),
  confirm: () => import('../verbs/confirm.ts'),
  'try-guard': () => import('../verbs/try-guard.ts'),
  diff: () => import('../verbs/diff.ts'),
  reload: () => import('../verbs/reload.ts'),
  doctor: () => import('../verbs/doctor.ts'),
  wait: () => import('../verbs/wait.ts'),
  watch: () => import('../verbs/watch.ts'),
  metrics: () => import('../verbs/metrics.ts'),
  top: () => import('../verbs/top.ts'),
  lint: () => import('../verbs/lint.ts'),
  'allowed-ips': () => import('../verbs/allowed-ips.ts'),
  qr: () => import('../verbs/qr.ts'),
  import: () => import('../verbs/import.ts'),
  export: () => import('../verbs/export.ts'),
  help: () => import('../verbs/help.ts'),
  version: () => import('../verbs/version.ts'),
  unknown: () => import('../verbs/unknown.ts'),
}

/** The handler of a verb, or undefined. */
export const loadHandler = async (verb: string): Promise<Handler | undefined> =>
  Object.hasOwn(handlers, verb) ? (await handlers[verb]?.())?.run : undefined
