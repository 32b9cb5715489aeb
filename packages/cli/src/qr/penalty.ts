// SPDX-License-Identifier: MIT

type Modules = ReadonlyArray<readonly boolean[]>

/** The penalty of ISO/IEC 18004 §7.8.3 (features 1 to 4, weights 3, 3, 40, 10) of a symbol without its quiet zone. */
export const penalty = (modules: Modules): number => {
  const columns = modules.map((_, x) => modules.map((row) => row[x] as boolean))
  const lines = [...modules, ...columns]
  const sum = lines.reduce((total, line) => total + runs(line) + finderLike(line), 0)
  return sum + blocks(modules) + balance(modules)
}

/** Penalty for runs of five or more modules of one colour: 3, plus 1 for each module above five. */
const runs = (line: readonly boolean[]): number => {
  let total = 0
  let length = 0
  line.forEach((dark, x) => {
    length = x > 0 && dark === line[x - 1] ? length + 1 : 1
    if (length === 5) total += 3
    else if (length > 5) total += 1
  })
  return total
}

const dark = [true, false, true, true, true, false, true]
const light = [false, false, false, false]
const lookalikes = [
  [...dark, ...light],
  [...light, ...dark],
]

/** Counts 1:1:3:1:1 patterns with four light modules on one side. */
const finderLike = (line: readonly boolean[]): number => {
  let total = 0
  for (let x = 0; x + 11 <= line.length; x++) {
    for (const pattern of lookalikes) if (pattern.every((module, i) => line[x + i] === module)) total += 40
  }
  return total
}

const blocks = (modules: Modules): number => {
  let total = 0
  for (let y = 1; y < modules.length; y++) {
    const above = modules[y - 1] as readonly boolean[]
    const row = modules[y] as readonly boolean[]
    for (let x = 1; x < row.length; x++) {
      if (row[x] === row[x - 1] && row[x] === above[x] && row[x] === above[x - 1]) total += 3
    }
  }
  return total
}

const balance = (modules: Modules): number => {
  const count = modules.reduce((total, row) => total + row.filter(Boolean).length, 0)
  const percent = (count * 100) / (modules.length * modules.length)
  return Math.floor(Math.abs(percent - 50) / 5) * 10
}
