// SPDX-License-Identifier: MIT
// Loaded before the program (node --require): kills this process, or the launcher that waits for it, at the n-th thing that it
// does outside: a line it prints, a file it makes or moves, the daemon's folder, the word to the launcher. KILL is
// `process:3` or `launcher:3`; how many there were goes to COUNT_FILE.
const fs = require('node:fs')

const [who, at] = (process.env.KILL ?? '').split(':')
const { COUNT_FILE: counted } = process.env
for (const name of ['KILL', 'COUNT_FILE']) delete process.env[name]
const { kill } = process
const { writeFileSync } = fs
let points = 0

const before = (object, name) => {
  const act = object[name]
  object[name] = (...args) => {
    points++
    if (counted !== undefined) writeFileSync(counted, String(points))
    if (points === Number(at)) kill(who === 'launcher' ? process.ppid : process.pid, 'SIGKILL')
    return act.apply(object, args)
  }
}

for (const name of ['writeSync', 'renameSync', 'writeFileSync', 'unlinkSync']) before(fs, name)
before(process, 'chdir')
before(process, 'kill')
