// SPDX-License-Identifier: MIT
// A reporter of vitest: writes the names of tests that passed only after a retry, one a line, to the file WGQ_RETRIED_TESTS.
import { writeFileSync } from 'node:fs'

const names = []

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export.
export default class {
  onTestCaseResult(test) {
    if (test.ok() && (test.diagnostic()?.retryCount ?? 0) > 0)
      names.push(`${test.module.relativeModuleId ?? test.module.moduleId} > ${test.fullName}`)
  }

  onTestRunEnd() {
    if (process.env['WGQ_RETRIED_TESTS']) writeFileSync(process.env['WGQ_RETRIED_TESTS'], names.join('\n'))
  }
}
