// SPDX-License-Identifier: MIT

/** Zone of the recorded cases: A (4), AAAA (6), CNAME, or a failing response code. */
const recordedZone = {
  'ok.test': { 4: '192.0.2.50' },
  'v6.test': { 6: '2001:db8::50' },
  'dual.test': { 4: '192.0.2.51', 6: '2001:db8::51' },
  'cname.test': { cname: 'ok.test', 4: '192.0.2.50' },
  'nodata.test': {},
  'servfail.test': { code: 2 },
  'refused.test': { code: 5 },
}

/**
 * Source of a DNS server for `node -e`, listening on 127.0.0.1:53 of its network namespace; it prints `ready`. Names that
 * are not in the zone do not exist.
 */
export const fakeDnsProgram = `
const zone = ${JSON.stringify(recordedZone)}
const encode = (name) => Buffer.concat([...name.split('.').map((l) => Buffer.concat([Buffer.from([l.length]), Buffer.from(l)])), Buffer.from([0])])
const bytes6 = (text) => { const [a, b = ''] = text.split('::'); const h = a.split(':').filter(Boolean), t = b.split(':').filter(Boolean)
  const all = [...h, ...Array(8 - h.length - t.length).fill('0'), ...t].map((x) => parseInt(x, 16)); return Buffer.from(all.flatMap((x) => [x >> 8, x & 255])) }
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (query, from) => {
  let at = 12; const labels = []
  while (query[at]) { labels.push(query.toString('latin1', at + 1, at + 1 + query[at])); at += query[at] + 1 }
  const name = labels.join('.').toLowerCase(), type = query.readUInt16BE(at + 1), entry = zone[name]
  const code = entry ? entry.code ?? 0 : 3, answers = []
  const add = (owner, kind, data) => { const head = Buffer.alloc(10); head.writeUInt16BE(kind, 0); head.writeUInt16BE(1, 2); head.writeUInt32BE(1, 4); head.writeUInt16BE(data.length, 8); answers.push(Buffer.concat([encode(owner), head, data])) }
  if (entry && !entry.code) {
    const owner = entry.cname ?? name
    if (entry.cname) add(name, 5, encode(entry.cname))
    if (type === 1 && entry[4]) add(owner, 1, Buffer.from(entry[4].split('.').map(Number)))
    if (type === 28 && entry[6]) add(owner, 28, bytes6(entry[6]))
  }
  const head = Buffer.from(query.subarray(0, 12))
  head.writeUInt16BE(0x8180 | code, 2); head.writeUInt16BE(1, 4); head.writeUInt16BE(answers.length, 6); head.writeUInt32BE(0, 8)
  socket.send(Buffer.concat([head, query.subarray(12, at + 5), ...answers]), from.port, from.address)
})
socket.bind(53, '127.0.0.1', () => console.log('ready'))
`
