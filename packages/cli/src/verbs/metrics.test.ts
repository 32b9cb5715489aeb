// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import type { Invocation } from '../command.ts'
import { run } from './metrics.ts'

test.each(['bogus', '127.0.0.1', '127.0.0.1:65536', '127.0.0.1:99999', '[::1:9586', ':9586', '127.0.0.1:-1'])(
  '--listen %s is refused',
  async (text) => {
    const invocation = { verb: 'metrics', args: [`--listen=${text}`], personality: 'wgq', program: 'wgq' }
    await expect(run(invocation as unknown as Invocation)).rejects.toMatchObject({
      code: 'E_USAGE',
      message: `--listen takes ADDRESS:PORT, found "${text}"`,
    })
  },
)
