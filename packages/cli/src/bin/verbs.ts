// SPDX-License-Identifier: MIT
// Generated from the command table: node scripts/build/run-ts.mjs scripts/build/generate.ts
import type { Handler } from '../command.ts'

/** The module of each verb of wgq that is not on the fast path of bin/wgq.ts, with the bundle that holds it. */
export const verbs: Record<string, () => Promise<{ run: Handler }>> = {
  'allowed-ips': () => import('../verbs/allowed-ips.ts'), // config
  confirm: () => import('../verbs/confirm.ts'), // tunnel
  diff: () => import('../verbs/diff.ts'), // tunnel
  doctor: () => import('../verbs/doctor.ts'), // inspect
  down: () => import('../verbs/down.ts'), // tunnel
  export: () => import('../verbs/export.ts'), // config
  help: () => import('../verbs/help.ts'), // about
  import: () => import('../verbs/import.ts'), // config
  init: () => import('../verbs/init.ts'), // peers
  lint: () => import('../verbs/lint.ts'), // config
  list: () => import('../verbs/list.ts'), // tunnel
  metrics: () => import('../verbs/metrics.ts'), // inspect
  peer: () => import('../verbs/peer.ts'), // peers
  qr: () => import('../verbs/qr.ts'), // config
  reload: () => import('../verbs/reload.ts'), // tunnel
  run: () => import('../verbs/run.ts'), // tunnel
  save: () => import('../verbs/save.ts'), // tunnel
  top: () => import('../verbs/top.ts'), // inspect
  up: () => import('../verbs/up.ts'), // tunnel
  version: () => import('../verbs/version.ts'), // about
  wait: () => import('../verbs/wait.ts'), // inspect
  watch: () => import('../verbs/watch.ts'), // inspect
}
