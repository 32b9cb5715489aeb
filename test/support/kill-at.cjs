// SPDX-License-Identifier: MIT
// Loaded before a program: kills it with SIGKILL right before or after call number KILL_AT of those that change files.
'use strict'
const fs = require('node:fs')
const at = Number(process.env.KILL_AT)
let calls = 0
const die = () => process.kill(process.pid, 'SIGKILL')
for (const name of [
  'openSync',
  'writeSync',
  'writeFileSync',
  'fsyncSync',
  'ftruncateSync',
  'renameSync',
  'linkSync',
  'rmSync',
  'mkdirSync',
  'chmodSync',
  'fchownSync',
]) {
  const original = fs[name]
  fs[name] = (...args) => {
    calls++
    if (calls * 2 - 1 === at) die()
    try {
      return original(...args)
    } finally {
      // A call that fails, as mkdir does for a folder that exists, counts too.
      if (calls * 2 === at) die()
    }
  }
}
