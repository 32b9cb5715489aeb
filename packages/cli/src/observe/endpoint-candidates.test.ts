// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCandidates } from './endpoint-candidates.ts'

test('fallbacks of a peer follow its endpoint, in their order', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-candidates-'))
  try {
    const path = join(folder, 'wg0.conf')
    writeFileSync(
      path,
      `[Interface]\n[Peer]\nPublicKey = ${'A'.repeat(42)}E=\n# EndpointFallback = b.example:2\n  #endpointfallback=[2001:db8::3]:3\nEndpoint = a.example:1\n`,
      { mode: 0o600 },
    )
    expect(readCandidates(path)[0]?.candidates).toEqual([
      { host: 'a.example', port: 1 },
      { host: 'b.example', port: 2 },
      { host: '2001:db8::3', port: 3 },
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
