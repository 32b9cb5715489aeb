// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import { isPlaced, placeBehind } from '@wgq/quick/state/rule-place'
import { pairsOf } from '@wgq/quick/state/rule-plan'
import type { Finding } from './finding.ts'
import type { Subject } from './subject.ts'

/** Checks that the rules of a full tunnel come after those of a VPN that routes only some networks. */
export const checkRuleOrder = async ({ device, host }: Subject): Promise<Finding[]> => {
  if (device.fwmark === 0) return []
  const findings: Finding[] = []
  for (const family of [4, 6] as const) {
    const rules = await host.rules(family)
    const pair = pairsOf(rules, family).find(({ mark }) => mark === device.fwmark)
    if (!pair) continue
    const own = new Set([pair.notMark, pair.suppress])
    const place = await placeBehind(
      host,
      family,
      rules.filter((rule) => !own.has(rule)),
    )
    const first = pair.notMark.preference ?? 0
    if (!place || !('behind' in place) || isPlaced(place, pair.suppress?.preference ?? first - 1, first))
      continue
    const other = rules.find(({ preference, selective }) => preference === place.behind && !selective)
    const [route] = other ? await host.routes({ family, table: other.table }) : []
    if (!other || !route) continue
    findings.push({
      check: 'rule order',
      status: 'warning',
      message: `rule ${place.behind} (table ${other.table}) has a route for ${formatCidr(route.dst)}, but rule ${first} comes first and takes it into ${device.name}`,
      hint: `\`wgq reload ${device.name}\` moves the rules of ${device.name} behind it, unless \`# Before = …\` in its file keeps them there`,
    })
  }
  return findings
}
