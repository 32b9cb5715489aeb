// SPDX-License-Identifier: MIT
// Coverage-guided fuzzing of what is TypeScript, by V8's own block coverage: an input that reaches a block for the first time
// is kept and changed further. argv: TARGET SECONDS [SEED]. Prints a summary; exits with 1 at a finding, which it writes to
// .cache/fuzz/TARGET-finding.
import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { isExpected, targets } from './targets.ts'

const [name = '', seconds = '10', seed = `${Date.now() % 1e6}`] = process.argv.slice(2)
const target = targets[name]
if (!target) {
  console.error(`fuzz: no target ${name}; there are: packets ${Object.keys(targets).join(' ')}`)
  process.exit(2)
}

const inputsPerLook = 200
const mostInputBytes = 4096
const slowMs = 1000

let state = Number(seed) || 1
/** xorshift32, so that a run can be repeated by its seed. */
const random = (below: number): number => {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % below
}

const session = new Session()
session.connect()
const ask = (method: string, params: object = {}): unknown => {
  let answer: unknown
  session.post(method, params, (_error: unknown, result: unknown) => {
    answer = result
  })
  return answer
}
ask('Profiler.enable')
ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

interface Coverage {
  readonly result: readonly {
    readonly scriptId: string
    readonly url: string
    readonly functions: readonly { readonly ranges: readonly { startOffset: number; count: number }[] }[]
  }[]
}
const seen = new Set<string>()
/** Blocks reached since the last look that were never reached before. */
const freshBlocks = (): number => {
  const before = seen.size
  for (const { scriptId, url, functions } of (ask('Profiler.takePreciseCoverage') as Coverage).result) {
    if (!url.includes('.cache/programs')) continue
    for (const { ranges } of functions)
      for (const { startOffset, count } of ranges) if (count > 0) seen.add(`${scriptId}:${startOffset}`)
  }
  return seen.size - before
}

const finding = (bytes: Buffer, error: unknown): never => {
  mkdirSync('.cache/fuzz', { recursive: true })
  writeFileSync(`.cache/fuzz/${name}-finding`, bytes)
  console.error(`fuzz ${name}: finding, ${bytes.length} bytes in .cache/fuzz/${name}-finding:`, error)
  process.exit(1)
}

const run = (bytes: Buffer): void => {
  const from = process.cpuUsage()
  try {
    target.run(bytes)
  } catch (error) {
    if (!isExpected(error)) finding(bytes, error)
  }
  // Of the processor: the machine may be busy with something else.
  if (process.cpuUsage(from).user > slowMs * 1000) finding(bytes, `took more than ${slowMs} ms`)
}

const corpus: Buffer[] = target.seeds.map((input) => Buffer.from(input as string, 'latin1'))
const pick = (): Buffer => corpus[random(corpus.length)] as Buffer
const change = (input: Buffer): Buffer => {
  const at = random(input.length + 1)
  switch (random(7)) {
    case 0: {
      const flipped = Buffer.from(input)
      if (flipped.length > 0) flipped[at % flipped.length] = random(256)
      return flipped
    }
    case 1:
      return Buffer.concat([input.subarray(0, at), input.subarray(at + random(16))])
    case 2:
      return Buffer.concat([input.subarray(0, at), input.subarray(random(at + 1), at), input.subarray(at)])
    case 3:
      return Buffer.concat([input.subarray(0, at), pick().subarray(random(64))])
    case 4: {
      const edge = [0, 1, 127, 128, 255][random(5)] as number
      return Buffer.concat([input.subarray(0, at), Buffer.alloc(1 + random(8), edge), input.subarray(at)])
    }
    default: {
      const word = target.words.length > 0 ? (target.words[random(target.words.length)] as string) : ''
      const inserted = word === '' ? Buffer.from([random(256)]) : Buffer.from(word, 'latin1')
      return Buffer.concat([
        input.subarray(0, at),
        inserted,
        input.subarray(at + (random(2) ? 0 : inserted.length)),
      ])
    }
  }
}

for (const input of corpus) run(input)
freshBlocks()
const start = performance.now()
const end = start + Number(seconds) * 1000
let executions = 0
while (performance.now() < end) {
  const batch: Buffer[] = []
  for (let i = 0; i < inputsPerLook; i++) {
    let input = pick()
    for (let changes = 1 + random(4); changes > 0; changes--) input = change(input)
    input = input.subarray(0, mostInputBytes)
    batch.push(input)
    run(input)
  }
  executions += batch.length
  // One of them reached something new: which one shows at the second time, when only its like are kept.
  if (freshBlocks() > 0) corpus.push(...batch.filter(() => random(20) === 0), batch.at(-1) as Buffer)
  if (corpus.length > 4000) corpus.splice(target.seeds.length, 2000)
}
const rate = Math.round((executions / (performance.now() - start)) * 1000)
console.log(
  `fuzz ${name}: ${executions} executions, ${rate} a second, ${seen.size} blocks reached, no finding (seed ${seed})`,
)
