// SPDX-License-Identifier: MIT
// Random tests take the same cases in each run, so that a change is judged and not chance; WGQ_SEED chooses others.
import fc from 'fast-check'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['WGQ_SEED'] ?? 20_261_128) })
