// SPDX-License-Identifier: MIT
// Zones of addresses are looked up among the interfaces that the system lists.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'
import { whyNoPrivateRun } from '../support/private-run.ts'

const whyNot = whyNotBuilt() ?? whyNoPrivateRun()
if (whyNot) console.log(`skipped: zones: ${whyNot}`)

/** Where the bonding driver is loaded, a file is among the interfaces. */
const listing = `mount -t tmpfs none /sys/class/net && cd /sys/class/net &&
  echo >bonding_masters && mkdir lo gone && echo 1 >lo/ifindex && exec "$@"`

describe.skipIf(whyNot)('a zone', () => {
  const set = (endpoint: string): string => {
    const key = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
    const command = [join(builtBin, 'wg'), 'set', 'wgnone', 'peer', key, 'endpoint', endpoint]
    return spawnSync('unshare', ['-m', 'sh', '-c', listing, 'sh', ...command], { encoding: 'utf8' }).stderr
  }

  it('is found beside what is not an interface', () => {
    expect(set('[fe80::1%lo]:5')).toMatch(/^Unable to modify interface: /)
    expect(set('[fe80::1%eth7]:5')).toBe("Name or service not known: `[fe80::1%eth7]:5'\n")
  })
})
