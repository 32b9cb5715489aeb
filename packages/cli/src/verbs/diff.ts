// SPDX-License-Identifier: MIT

import { parseDocument } from '@wgq/config/document'
import { peerNames } from '@wgq/config/names'
import { readParts } from '@wgq/config/parts'
import { planReload } from '@wgq/quick/reload'
import type { Session } from '@wgq/quick/session'
import { rerunAsRoot } from '../as-root.ts'
import { painterFor } from '../colour.ts'
import type { Handler } from '../command.ts'
import { jsonText } from '../json-text.ts'
import { nameMap } from '../observe/tunnels.ts'
import { parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'
import { runQuick } from '../quick-session.ts'
import { differenceText } from '../reload/difference-text.ts'

/** Exit status if file and tunnel differ. */
const wouldChange = 2

/** wgq diff NAME|FILE [--json]: prints what `wgq reload` would change. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  return runQuick({ ...invocation, args: parsed.operands }, (session) =>
    compare(session, parsed.flags.has('json')),
  )
}

/** Prints the differences; resolves to 0 if there are none, else 2. */
export const compare = async (session: Session, json: boolean): Promise<number> => {
  const { differences } = await planReload(session)
  const names = nameMap(
    readParts(session.configPath).flatMap(({ path, source }) => peerNames(parseDocument(source.text), path)),
  )
  writeOut(
    json
      ? `${jsonText({ interface: session.name, differences })}\n`
      : differenceText(differences, names, await painterFor(1)),
  )
  return differences.length === 0 ? 0 : wouldChange
}
