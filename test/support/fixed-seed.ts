// SPDX-License-Identifier: MIT
// Random tests use the same cases in each run, so that results depend on changes, not on chance; WGQ_SEED selects
// others.
import fc from 'fast-check'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['WGQ_SEED'] ?? 20_261_128) })
