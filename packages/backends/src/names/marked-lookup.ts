// SPDX-License-Identifier: MIT
import { createSocket } from 'node:dgram'
import { formatIp, parseIp } from '@wgq/model/ip'
import { openMarkedSocket } from '@wgq/native/system'
import { type Answer, decode, encode, RECURSION_DESIRED } from 'dns-packet'

/** The name servers, and how to send the queries. */
interface MarkedResolver {
  /** Mark of the packets, so that they take the route of encrypted packets, outside the tunnel. */
  readonly mark: number
  /** Addresses of name servers, queried in this order; link-local ones with a zone. */
  readonly servers: readonly string[]
}

/** The result: addresses (IPv4 first) and their shortest TTL, no addresses, or no answer at all. */
type MarkedAnswer =
  | { readonly said: 'addresses'; readonly addresses: readonly string[]; readonly ttlSeconds: number }
  | { readonly said: 'none' | 'nothing' }

/** An address, and how long it may be kept. */
interface Held {
  readonly address: string
  readonly ttlSeconds: number
}

/** Timeout of one query; each server is queried twice. */
const answerMs = 1500
const rounds = 2

/**
 * Looks up a host name over UDP outside the tunnel, without the system's resolver, which may use the tunnel whose
 * endpoint is being looked up. Raises only `E_NO_ADDON`.
 */
export const markedLookup = async (host: string, resolver: MarkedResolver): Promise<MarkedAnswer> => {
  const answers = await Promise.all((['A', 'AAAA'] as const).map((type) => ask(host, type, resolver)))
  const found = answers.flatMap((answer) => answer ?? [])
  if (found.length > 0)
    return {
      said: 'addresses',
      addresses: found.map(({ address }) => address),
      ttlSeconds: Math.min(...found.map(({ ttlSeconds }) => ttlSeconds)),
    }
  return { said: answers.every((answer) => answer !== undefined) ? 'none' : 'nothing' }
}

const ask = async (
  host: string,
  type: 'A' | 'AAAA',
  { servers, mark }: MarkedResolver,
): Promise<readonly Held[] | undefined> => {
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      const answer = await askServer(host, type, server, mark).catch(unlessUnusable)
      if (answer) return answer
    }
  }
  return undefined
}

/** An unreachable server counts as one without an answer; without the addon no query is possible. */
const unlessUnusable = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === 'E_NO_ADDON') throw error
}

/**
 * Queries one server: returns its addresses, possibly none; undefined if it gives no usable answer. Raises the system's
 * errors.
 */
const askServer = async (
  host: string,
  type: 'A' | 'AAAA',
  server: string,
  mark: number,
): Promise<readonly Held[] | undefined> => {
  const [plain = '', ...zone] = server.split('%')
  const address = parseIp(plain)
  if (!address) return undefined
  const family = address.length === 4 ? 4 : 6
  const id = process.getBuiltinModule('node:crypto').randomInt(65536)
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6' })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ fd: openMarkedSocket(family, mark) }, () => resolve())
    })
    // A connected socket receives only from this server.
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(53, [formatIp(address), ...zone].join('%'), () => resolve())
    })
    const question = { name: host.replace(/\.$/, ''), type, class: 'IN' as const }
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve(undefined), answerMs)
      socket.once('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      socket.on('message', (message) => {
        const addresses = addressesIn(message, id, question)
        if (addresses === 'other') return
        clearTimeout(timer)
        resolve(addresses)
      })
      socket.send(encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [question] }))
    })
  } finally {
    socket.close()
  }
}

/** `other` for a message that does not answer this query; undefined if the server fails or refuses. */
const addressesIn = (
  message: Buffer,
  id: number,
  question: { readonly name: string; readonly type: string },
): readonly Held[] | undefined | 'other' => {
  try {
    const reply = decode(message)
    const [asked] = reply.questions ?? []
    if (reply.type !== 'response' || reply.id !== id || asked?.type !== question.type) return 'other'
    if (asked.name.toLowerCase() !== question.name.toLowerCase()) return 'other'
    const { rcode } = reply as { rcode?: string }
    if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return undefined
    return (reply.answers ?? []).flatMap((answer) => addressOf(answer, question.type))
  } catch {
    return 'other'
  }
}

const addressOf = (answer: Answer, type: string): Held[] =>
  answer.type === type && 'data' in answer && typeof answer.data === 'string' && parseIp(answer.data)
    ? [{ address: answer.data, ttlSeconds: ('ttl' in answer && answer.ttl) || 0 }]
    : []
