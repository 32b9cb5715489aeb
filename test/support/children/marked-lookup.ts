// SPDX-License-Identifier: MIT
// Queries name servers outside the tunnel and prints the results as one line of JSON. Arguments: MARK SERVER[,SERVER]
// HOST…
import { markedLookup } from '../../../packages/backends/src/names/marked-lookup.ts'

const [mark = '0', servers = '', ...hosts] = process.argv.slice(2)
const resolver = { mark: Number(mark), servers: servers.split(',') }
Promise.all(hosts.map((host) => markedLookup(host, resolver))).then((answers) =>
  console.log(JSON.stringify(answers)),
)
