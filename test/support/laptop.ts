// SPDX-License-Identifier: MIT
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Daemon } from './daemon.ts'
import { wgqd } from './implementation.ts'
import { connect, Namespace, until } from './netns.ts'
import { makeTextKeys } from './tunnel.ts'

/** The program that keeps the tunnel of a {@link Laptop} up. */
export interface Keeper {
  readonly name: string
  /** Starts it: at the beginning, and again as a service manager would. */
  readonly start: (laptop: Laptop) => Promise<void>
  /** Kills the data plane, and then acts like a service manager. */
  readonly crash: (laptop: Laptop) => Promise<void>
  /** Waits until it has repaired the damage of a step: each step is a separate event. */
  readonly settle: (laptop: Laptop) => Promise<void>
  /** Its processes, for a suspend. */
  readonly pids: (laptop: Laptop) => readonly number[]
  readonly stop: (laptop: Laptop) => Promise<void>
}

/**
 * One step of a day: the time until the tunnel worked, from the moment when it could work; undefined: not within the
 * limit.
 */
interface Step {
  readonly what: string
  readonly recoverySeconds: number | undefined
}

/** Source addresses at the server of application packets that came through the tunnel. */
const innerAddresses = new Set(['10.9.0.2', 'fd09::2'])

/** Destinations of the application: only the tunnel should lead there, but every network would carry the packets. */
const targets = { 4: '203.0.113.9', 6: '2001:db8:99::9' } as const

/**
 * A laptop in three networks (Wi-Fi, LTE, IPv6 alone with NAT64), the internet and a server, each in a namespace. An
 * application on the laptop sends ten packets per second and family through the tunnel; those seen on an uplink are
 * counted.
 */
export class Laptop {
  readonly ns = new Namespace('lap')
  private readonly net = new Namespace('net')
  private readonly server = new Namespace('srv')
  private readonly folder = mkdtempSync(join(tmpdir(), 'wgq-laptop-'))
  private readonly resolver: string
  private readonly zone = join(this.folder, 'zone.json')
  private readonly keys = makeTextKeys()
  readonly configPath = join(this.folder, 'lap0.conf')
  readonly device = 'lap0'
  private address = '198.51.100.1'
  /** Send time of the last packet answered through the tunnel, in milliseconds of the wall clock. */
  private answered = 0
  private readonly outside: string[] = []
  /** Packets of the application that were seen anywhere, in the tunnel too. */
  captured = 0

  private constructor() {
    this.resolver = `/etc/netns/${this.ns.name}`
    mkdirSync(this.resolver, { recursive: true })
    writeFileSync(`${this.resolver}/resolv.conf`, '')
    writeFileSync(`${this.resolver}/hosts`, '')
  }

  static async open(lines: string): Promise<Laptop> {
    const laptop = new Laptop()
    await laptop.build(lines)
    return laptop
  }

  private async build(lines: string): Promise<void> {
    const { ns, net, server } = this
    for (const [dev, mine, theirs] of [
      ['wifi0', '10.1.0.2/24', '10.1.0.1/24'],
      ['lte0', '10.2.0.2/24', '10.2.0.1/24'],
      ['six0', '2001:db8:6::2/64', '2001:db8:6::1/64'],
    ] as const) {
      connect({ ns, dev, addresses: [mine] }, { ns: net, dev, addresses: [theirs] })
      this.leave(dev)
    }
    connect(
      { ns: net, dev: 'srv0', addresses: ['198.51.100.254/24', '2001:db8:5::254/64'] },
      { ns: server, dev: 'net0', addresses: ['198.51.100.1/24', '2001:db8:5::1/64'] },
    )
    for (const key of ['ipv4.ip_forward', 'ipv6.conf.all.forwarding'])
      net.run('sysctl', '-qw', `net.${key}=1`)
    const ip = (where: Namespace, line: string) => where.run('ip', ...line.split(' '))
    // The translator of the IPv6 network: packets it would translate reach the server unchanged.
    ip(net, 'route add 64:ff9b::/96 via 2001:db8:5::1')
    ip(net, `route add ${targets[4]} via 198.51.100.1`)
    ip(net, `route add ${targets[6]} via 2001:db8:5::1`)
    for (const address of ['64:ff9b::c633:6401', '64:ff9b::c633:6402', targets[6]])
      ip(server, `address add ${address}/128 dev lo nodad`)
    ip(server, `address add ${targets[4]}/32 dev lo`)
    ip(server, 'route add default via 198.51.100.254')
    ip(server, 'route add default via 2001:db8:5::254')
    const daemon = await Daemon.start(server, { implementation: wgqd })
    const own = makeTextKeys()
    daemon.setconf(
      `[Interface]\nPrivateKey = ${own.privateKey}\nListenPort = 51820\n[Peer]\nPublicKey = ${this.keys.publicKey}\nAllowedIPs = 10.9.0.2/32, fd09::2/128\n`,
    )
    ip(server, `address add 10.9.0.1/24 dev ${daemon.device}`)
    ip(server, `address add fd09::1/64 dev ${daemon.device} nodad`)
    ip(server, `link set ${daemon.device} up`)
    server.start(process.execPath, ['-e', echoProgram, ...Object.values(targets)])
    this.tellNames()
    net.start(process.execPath, ['-e', namesProgram, this.zone, '10.1.0.1', '10.2.0.1', '2001:db8:6::1'])
    writeFileSync(
      this.configPath,
      `[Interface]\nPrivateKey = ${this.keys.privateKey}\nAddress = 10.9.0.2/24, fd09::2/64\n${lines}[Peer]\nPublicKey = ${own.publicKey}\nEndpoint = gate.example:51820\nAllowedIPs = 0.0.0.0/0, ::/0\n`,
      { mode: 0o600 },
    )
  }

  private tellNames(): void {
    writeFileSync(
      this.zone,
      JSON.stringify({ 'gate.example': { 1: this.address }, 'ipv4only.arpa': { 28: '64:ff9b::c000:aa' } }),
    )
  }

  /** Listens on the uplinks and starts the application. */
  private async watch(): Promise<void> {
    const filter = `host ${targets[4]} or host ${targets[6]} or net 10.9.0.0/24 or net fd09::/64`
    // A capture on a single link would end when the link goes down.
    const capture = this.ns.start('tcpdump', ['-lnni', 'any', filter])
    let ready = ''
    capture.stderr?.setEncoding('utf8').on('data', (text: string) => {
      ready += text
    })
    let rest = ''
    capture.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      this.captured += lines.length
      this.outside.push(...lines.filter((line) => /\b(wifi0|lte0|six0)\b/.test(line)))
    })
    await until('tcpdump to listen', () => ready.includes('listening on'))
    const application = this.ns.start(process.execPath, ['-e', applicationProgram, ...Object.values(targets)])
    application.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const left = [...text.matchAll(/^(\d+) (\S+)$/gm)].flatMap(([, time, from]) =>
        innerAddresses.has(from as string) ? [Number(time)] : [],
      )
      this.answered = Math.max(this.answered, ...left)
    })
  }

  private leave(dev: string): void {
    this.ns.run('ip', 'link', 'set', dev, 'down')
    this.ns.run('ip', 'address', 'flush', 'dev', dev)
  }

  /** Joins a network as a DHCP client or a router advertisement would. */
  private join(dev: string, address: string, gateway: string): void {
    const { ns } = this
    ns.run('ip', 'link', 'set', dev, 'up')
    ns.run('ip', 'address', 'add', address, 'dev', dev, ...(address.includes(':') ? ['nodad'] : []))
    ns.run('ip', 'route', 'replace', 'default', 'via', gateway, 'dev', dev)
    writeFileSync(`${this.resolver}/resolv.conf`, `nameserver ${gateway}\noptions timeout:1 attempts:1\n`)
  }

  /** Waits for an answer to a packet that left after now. */
  private async works(what: string, limitSeconds: number): Promise<Step> {
    const could = Date.now()
    try {
      await until(what, () => this.answered > could, limitSeconds * 1000)
      return { what, recoverySeconds: (Date.now() - could) / 1000 }
    } catch {
      return { what, recoverySeconds: undefined }
    }
  }

  /**
   * Runs the steps of a day; if the tunnel does not work again within the limit, calls `repair` and continues. `lines`
   * are the packets seen on uplinks.
   */
  async day(
    keeper: Keeper,
    limitSeconds: number,
    repair: () => Promise<void>,
  ): Promise<{ readonly steps: readonly Step[]; readonly outside: readonly string[] }> {
    const steps: Step[] = []
    const step = async (what: string, act: () => unknown): Promise<void> => {
      await act()
      const done = await this.works(what, limitSeconds)
      steps.push(done)
      if (done.recoverySeconds === undefined) {
        await repair()
        await this.works(what, limitSeconds)
      }
      await keeper.settle(this)
    }
    const wifi = (address = '10.1.0.2/24') => this.join('wifi0', address, '10.1.0.1')
    wifi()
    await keeper.start(this)
    await this.watch()
    await step('up in the Wi-Fi', () => {})
    await step('from Wi-Fi to LTE', () => {
      this.leave('wifi0')
      this.join('lte0', '10.2.0.2/24', '10.2.0.1')
    })
    await step('3 s without a network, then IPv6 alone with NAT64', async () => {
      this.leave('lte0')
      await pause(3)
      this.join('six0', '2001:db8:6::2/64', '2001:db8:6::1')
    })
    await step('back in the Wi-Fi', () => {
      this.leave('six0')
      wifi()
    })
    await step('DHCP gives another address', () => {
      this.ns.run('ip', 'address', 'flush', 'dev', 'wifi0')
      wifi('10.1.0.77/24')
    })
    await step('DHCP writes resolv.conf again', () => wifi('10.1.0.78/24'))
    await step('the link flaps three times', async () => {
      for (let flap = 0; flap < 3; flap++) {
        this.ns.run('ip', 'link', 'set', 'wifi0', 'down')
        await pause(0.3)
        this.ns.run('ip', 'link', 'set', 'wifi0', 'up')
        this.ns.run('ip', 'route', 'replace', 'default', 'via', '10.1.0.1', 'dev', 'wifi0')
      }
    })
    await step('all processes stop for 4 s', async () => {
      const pids = keeper.pids(this)
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      await pause(4)
      for (const pid of pids) process.kill(pid, 'SIGCONT')
    })
    await step('the server gets another address', () => {
      this.address = '198.51.100.2'
      const ip = (where: Namespace, line: string) => where.run('ip', ...line.split(' '))
      ip(this.server, 'address add 198.51.100.2/24 dev net0')
      ip(this.server, 'address delete 198.51.100.1/24 dev net0')
      ip(this.server, 'address replace 198.51.100.2/24 dev net0')
      ip(this.server, 'route replace default via 198.51.100.254')
      ip(this.net, `route replace ${targets[4]} via 198.51.100.2`)
      this.tellNames()
    })
    await step('nft flush ruleset', () => this.ns.run('nft', 'flush', 'ruleset'))
    await step('the link of the tunnel is set down', () =>
      this.ns.run('ip', 'link', 'set', this.device, 'down'),
    )
    await step('the data plane is killed with -9', () => keeper.crash(this))
    // Wait until the captures contain the last packets.
    await pause(0.5)
    return { steps, outside: this.outside }
  }

  remove(): void {
    for (const ns of [this.ns, this.net, this.server]) ns.remove()
    for (const folder of [this.folder, this.resolver]) rmSync(folder, { recursive: true, force: true })
  }
}

/** Waits for some seconds. */
export const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000))

const applicationProgram = `
const dgram = require('node:dgram')
const send = (address) => {
  const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', () => {})
  socket.on('message', (message) => console.log(message.toString()))
  socket.bind(() => setInterval(() => socket.send(String(Date.now()), 7, address, () => {}), 100))
}
process.argv.slice(1).forEach(send)`

const echoProgram = `
const dgram = require('node:dgram')
for (const address of process.argv.slice(1)) {
  const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', () => {})
  socket.on('message', (message, { port, address: from }) => socket.send(message + ' ' + from, port, from, () => {}))
  socket.bind(7, address)
}`

/** A name server on each address; only the one of the IPv6 network knows the translator's prefix. */
const namesProgram = `
const dgram = require('node:dgram'), fs = require('node:fs')
const [file, ...addresses] = process.argv.slice(1)
const bytes6 = (text) => {
  const [head, tail = ''] = text.split('::').map((part) => part.split(':').filter(Boolean))
  const words = [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail]
  return words.flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 255])
}
for (const address of addresses) {
  const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', () => {})
  socket.on('message', (query, from) => {
    let at = 12; const labels = []
    while (query[at]) { labels.push(query.toString('latin1', at + 1, at + 1 + query[at])); at += query[at] + 1 }
    const type = query.readUInt16BE(at + 1), name = labels.join('.').toLowerCase()
    const text = name === 'ipv4only.arpa' && !address.includes(':') ? undefined : JSON.parse(fs.readFileSync(file, 'utf8'))[name]?.[type]
    const data = text && (type === 1 ? text.split('.').map(Number) : bytes6(text))
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(0x8180, 2); head.writeUInt16BE(1, 4); head.writeUInt16BE(data ? 1 : 0, 6); head.writeUInt32BE(0, 8)
    const record = data ? Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 1, 0, data.length, ...data]) : Buffer.alloc(0)
    socket.send(Buffer.concat([head, query.subarray(12, at + 5), record]), from.port, from.address)
  })
  socket.bind(53, address)
}`
