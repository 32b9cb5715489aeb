// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// Unit tests are beside their sources; whole-program suites are in test/SUITE and run one file at a time, because
// they share the machine's namespaces and timing.
const suite = (name: string, timeoutMs: number, retry = 2) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    fileParallelism: false,
    // Real kernels, real timers, a shared machine: what fails is tried again, counted and named at the end. Suites that wait for
    // nothing are not tried again.
    retry,
    // Concurrent tests wait for the protocol's timers, they do not compute.
    maxConcurrency: 64,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
  },
})

const unitTests = ['packages/*/src/**/*.test.ts']
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`)
const replacesOrCounts = (file: string): boolean =>
  file.endsWith('.test.ts') && /vi\.mock\(|process\.listeners\(/.test(readFileSync(file, 'utf8'))
const needOwnProcess = [
  'packages/{native,dataplane}/src/**/*.test.ts',
  ...readdirSync('packages')
    .flatMap((name) => filesIn(`packages/${name}/src`))
    .filter(replacesOrCounts),
]
const unit = (name: string, files: { isolate?: boolean; include: string[]; exclude?: string[] }) => ({
  extends: true as const,
  test: {
    ...files,
    name,
    setupFiles: ['test/support/fixed-seed.ts'],
    // Some have children, sockets and real timers: on a busy machine one may need a second try, which is named at the end.
    retry: 1,
    testTimeout: 180_000,
  },
})

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      // Files share a process, which starts once; those of the addon and the engine change theirs, others replace its modules
      // or count its listeners.
      unit('unit', { isolate: false, include: unitTests, exclude: needOwnProcess }),
      unit('unit-isolated', { include: needOwnProcess }),
      suite('house', 300_000, 0),
      suite('compat', 120_000),
      suite('netns', 300_000),
      suite('timers', 600_000),
      suite('features', 180_000),
      suite('packaging', 240_000),
      suite('docs', 180_000),
      suite('interop', 600_000),
      suite('faults', 600_000),
      suite('kernel-vm', 1_200_000),
      suite('cross', 900_000, 0),
      suite('fuzz', 600_000),
      suite('nodes', 300_000),
    ],
  },
})
