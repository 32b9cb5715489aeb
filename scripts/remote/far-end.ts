// SPDX-License-Identifier: MIT
import type { Readable, Writable } from 'node:stream'

/** The far end's description of itself. */
interface FarSystem {
  readonly system: string
  readonly release: string
  readonly machine: string
}

/** Events of a command at the far end. */
export interface FarCommand {
  readonly onOutput: (which: 'out' | 'err', bytes: Buffer) => void
  readonly onEnd: (status: number) => void
}

/** Timeout for an answer of the shell. */
const patienceMs = 60_000

const hex = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('hex') || '-'
const bytesOf = (word = '-'): Buffer => Buffer.from(word === '-' ? '' : word, 'hex')

/** The far end of a stream: a shell first, then scripts/remote/helper.c, which it compiles and runs. */
export class FarEnd {
  private readonly input: Writable
  private readonly commands = new Map<number, FarCommand>()
  private readonly answers = new Map<number, (words: string[]) => void>()
  private lineListener: (line: string) => void = () => {}
  private ended: ((why: Error) => void)[] = []
  private lastId = 0
  private text = ''

  constructor(input: Writable, output: Readable) {
    this.input = input
    output.setEncoding('utf8').on('data', (piece: string) => this.hear(piece))
    output.on('end', () => this.end())
    input.on('error', () => this.end())
  }

  /**
   * Makes the shell compile and start `source`; resolves when it is ready. Raises an Error with the shell's output on
   * failure.
   */
  async start(source: string): Promise<FarSystem> {
    const said: string[] = []
    const wait = (word: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const fail = (): void =>
          reject(
            new Error(`the far end is no shell with a C compiler: ${said.join(' | ') || 'nothing came'}`),
          )
        const timer = setTimeout(fail, patienceMs)
        this.ended.push(fail)
        this.lineListener = (line) => {
          const at = line.indexOf(`wgq:${word}`)
          if (line.startsWith('wgq:failed')) fail()
          else if (at !== 0) said.push(line.trim())
          else {
            clearTimeout(timer)
            resolve(line)
          }
        }
      })
    // A terminal must pass every byte unchanged; until it does, nothing long is sent.
    this.input.write(`stty raw -echo 2>/dev/null; echo 'wgq:'shell\n`)
    await wait('shell')
    this.input.write(`D=$(mktemp -d /tmp/wgq-remote.XXXXXX) && cat >"$D/helper.c" <<'WGQ_END'
${source}
WGQ_END
cc -O1 -o "$D/helper" "$D/helper.c" || echo 'wgq:'failed
echo "wgq:"system $(uname -s) $(uname -r) $(uname -m); "$D/helper"; rm -rf "$D"; exit
`)
    await wait('ready')
    const told = said.find((line) => line.startsWith('wgq:system'))?.split(' ')
    const [, system = '', release = '', machine = ''] = told ?? []
    this.ended = [() => this.failAll()]
    this.lineListener = (line) => this.obey(line)
    return { system, release, machine }
  }

  /** Runs a command; returns a function that ends it. */
  run(argv: readonly string[], stdin: string, command: FarCommand): () => void {
    const id = ++this.lastId
    this.commands.set(id, command)
    this.send('R', id, hex(stdin), ...argv.map(hex))
    return () => this.send('K', id)
  }

  /** ioctl(2) on a datagram socket of a family; with `offset` the structure points to `data` there. */
  async ioctl(
    family: number,
    request: string,
    header: Uint8Array,
    pointed?: { readonly offset: number; readonly data: Uint8Array },
  ): Promise<{ errno: string; header: Buffer; data: Buffer }> {
    const [errno = 'EIO', changed, data] = pointed
      ? await this.ask('P', String(family), request, String(pointed.offset), hex(header), hex(pointed.data))
      : await this.ask('I', String(family), request, hex(header))
    return { errno, header: bytesOf(changed), data: bytesOf(data) }
  }

  /** if_nametoindex(3); 0 for none. */
  async index(name: string): Promise<number> {
    const [index] = await this.ask('N', name)
    return Number(index)
  }

  /** Ends the helper; the shell cleans up. */
  close(): void {
    this.input.end()
  }

  // --- internal ---

  private ask(kind: string, ...words: string[]): Promise<string[]> {
    const id = ++this.lastId
    return new Promise((resolve) => {
      this.answers.set(id, resolve)
      this.send(kind, id, ...words)
    })
  }

  private send(kind: string, id: number, ...words: string[]): void {
    this.input.write(`${[kind, id, ...words].join(' ')}\n`)
  }

  private hear(piece: string): void {
    const lines = (this.text + piece).split('\n')
    this.text = lines.pop() ?? ''
    for (const line of lines) this.lineListener(line.replace(/\r$/, ''))
  }

  private obey(line: string): void {
    const [, kind, number, rest = ''] = /^wgq:([A-Z]) ([0-9]+) ?(.*)$/.exec(line) ?? []
    const id = Number(number)
    const command = this.commands.get(id)
    if (kind === 'O') command?.onOutput('out', bytesOf(rest))
    else if (kind === 'E') command?.onOutput('err', bytesOf(rest))
    else if (kind === 'X') {
      this.commands.delete(id)
      command?.onEnd(Number(rest))
    } else {
      this.answers.get(id)?.(rest.split(' '))
      this.answers.delete(id)
    }
  }

  private end(): void {
    for (const tell of this.ended.splice(0)) tell(new Error('ended'))
  }

  private failAll(): void {
    for (const { onEnd } of this.commands.values()) onEnd(255)
    for (const answer of this.answers.values()) answer(['EIO'])
    this.commands.clear()
    this.answers.clear()
  }
}
