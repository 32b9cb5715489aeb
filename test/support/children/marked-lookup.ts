// SPDX-License-Identifier: MIT
// Prints as one line of JSON what the name servers say outside the tunnel. Arguments: MARK SERVER[,SERVER] HOST…
import { markedLookup } from '../../../packages/backends/src/names/marked-lookup.ts'

const [mark = '0', servers = '', ...hosts] = process.argv.slice(2)
const resolver = { mark: Number(mark), servers: servers.split(',') }
Promise.all(hosts.map((host) => markedLookup(host, resolver))).then((answers) =>
  console.log(JSON.stringify(answers)),
)
