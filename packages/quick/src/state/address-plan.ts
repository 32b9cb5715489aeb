// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import type { IfName, Op } from '@wgq/model/operation'
import type { Difference } from './device-difference.ts'

/** The current and wanted addresses of an interface. */
export interface AddressView {
  readonly dev: IfName
  /** All addresses of the interface, in the order of the system. */
  readonly present: readonly Cidr[]
  /** Those that may be removed, as text. */
  readonly own: ReadonlySet<string>
  readonly wanted: readonly Cidr[]
  /** Those whose network has lost the kernel's route: only adding the address again restores it. */
  readonly cutOff: ReadonlySet<string>
  /**
   * Whether a secondary address replaces a deleted primary one (net.ipv4.conf.*.promote_secondaries); otherwise both
   * go.
   */
  readonly promotes: boolean
  /** Whether their order decides the source address of packets: on Linux, for IPv4. */
  readonly isOrdered: boolean
}

/** Operations that give the interface the wanted addresses. Additions come first. */
interface AddressPlan {
  readonly additions: readonly Op[]
  readonly removals: readonly Op[]
  readonly differences: readonly Difference[]
}

/** Plans addresses: adds missing ones, then removes unwanted own ones, and replaces those of a different length. */
export const planAddressChanges = (view: AddressView): AddressPlan => {
  const families = [4, 6] as const
  const plans = families.map((family) => planFamily(only(view, family), family))
  const removals = plans.flatMap((plan) => plan.removals)
  return {
    additions: plans.flatMap((plan) => plan.additions),
    removals: needsPromotion(view, removals) ? promoting(view.dev, removals) : removals,
    differences: plans.flatMap((plan) => plan.differences),
  }
}

const only = (view: AddressView, family: 4 | 6): AddressView => ({
  ...view,
  present: view.present.filter((cidr) => cidr.family === family),
  wanted: view.wanted.filter((cidr) => cidr.family === family),
})

const planFamily = (view: AddressView, family: 4 | 6): AddressPlan => {
  const { dev, present, wanted, own } = view
  const has = new Set(present.map(formatCidr))
  const wants = new Set(wanted.map(formatCidr))
  const missing = wanted.filter((cidr) => !has.has(formatCidr(cidr)))
  // IPv6 allows an address only once, whatever its length.
  const lengths = new Map(
    missing.filter(({ family }) => family === 6).map((cidr) => [cidr.address, cidr] as const),
  )
  // Deleting a primary IPv4 address may delete its secondary ones, which follow it: delete those first.
  const leaving = present
    .toReversed()
    .filter(
      (cidr) => !wants.has(formatCidr(cidr)) && (own.has(formatCidr(cidr)) || lengths.has(cidr.address)),
    )
  const differences: Difference[] = [
    ...missing.map((cidr) => ({ object: 'address', id: formatCidr(cidr), wanted: 'present' })),
    ...leaving.map((cidr) => ({ object: 'address', id: formatCidr(cidr), running: 'present' })),
  ]
  const replaced = new Set(leaving.map(({ address }) => address).filter((address) => lengths.has(address)))
  const plain: AddressPlan = {
    additions: missing.filter(({ address }) => !replaced.has(address)).map((cidr) => add(dev, cidr)),
    removals: leaving.flatMap((cidr) => {
      const other = lengths.get(cidr.address)
      return other && replaced.has(cidr.address) ? [remove(dev, cidr), add(dev, other)] : [remove(dev, cidr)]
    }),
    differences,
  }
  if (!view.isOrdered) return plain
  const insert = family === 4 ? inserted : newestFirst
  const after = [...plain.additions, ...plain.removals].reduce(carriedOut(insert), present)
  const order = (list: readonly Cidr[]) => list.map(formatCidr).filter((text) => wants.has(text))
  const target = order(wanted.reduce(insert, [] as readonly Cidr[]))
  const cutOff = present.filter((cidr) => wants.has(formatCidr(cidr)) && view.cutOff.has(formatCidr(cidr)))
  // The order of IPv6 addresses is irrelevant as long as its own rules can choose (RFC 6724).
  const isInOrder = family === 6 || order(after).join() === target.join()
  if (cutOff.length === 0 && isInOrder) return plain
  // Delete and add again all addresses from the first misplaced one on.
  const oldestFirst = <T>(list: readonly T[]): T[] => (family === 4 ? [...list] : list.toReversed())
  const running = oldestFirst(order(present))
  const right = oldestFirst(target)
  const first = right.findIndex((text, index) => running[index] !== text || view.cutOff.has(text))
  const kept = new Set(right.slice(0, Math.max(first, 0)))
  const goes = (cidr: Cidr) =>
    leaving.includes(cidr) || (wants.has(formatCidr(cidr)) && !kept.has(formatCidr(cidr)))
  return {
    additions: [],
    removals: [
      ...present
        .toReversed()
        .filter(goes)
        .map((cidr) => remove(dev, cidr)),
      ...wanted.filter((cidr) => !kept.has(formatCidr(cidr))).map((cidr) => add(dev, cidr)),
    ],
    differences:
      differences.length > 0 || cutOff.length > 0
        ? [...differences, ...new Set(cutOff.map((cidr) => formatCidr(maskCidr(cidr))))].map((one) =>
            typeof one === 'string' ? { object: 'route', id: one, wanted: 'table main' } : one,
          )
        : [
            {
              object: 'address',
              field: 'order',
              running: order(present).join(', '),
              wanted: target.join(', '),
            },
          ],
  }
}

/** Addresses of one family that were added in this order, in the order of the kernel's listing. */
export const asListed = (cidrs: readonly Cidr[]): readonly Cidr[] =>
  cidrs.reduce(
    (list, cidr) => (cidr.family === 4 ? inserted : newestFirst)(list, cidr),
    [] as readonly Cidr[],
  )

/** The addresses after an operation. */
const carriedOut =
  (insert: (list: readonly Cidr[], cidr: Cidr) => readonly Cidr[]) =>
  (list: readonly Cidr[], op: Op): readonly Cidr[] => {
    const cidr = 'address' in op ? parseCidr(op.address) : undefined
    if (!cidr) return list
    return op.do === 'address.add'
      ? insert(list, cidr)
      : list.filter((one) => formatCidr(one) !== formatCidr(cidr))
  }

/** How the kernel lists IPv6 addresses. */
const newestFirst = (list: readonly Cidr[], cidr: Cidr): readonly Cidr[] => [cidr, ...list]

/** How the kernel lists IPv4 addresses: primary ones by age, then secondary ones, which share a network. */
const inserted = (list: readonly Cidr[], cidr: Cidr): readonly Cidr[] => {
  const isPrimary = (one: Cidr, at: number) => !list.slice(0, at).some((before) => sameNetwork(before, one))
  if (list.some((one) => sameNetwork(one, cidr))) return [...list, cidr]
  const primaries = list.filter(isPrimary)
  return [...primaries, cidr, ...list.filter((one, at) => !isPrimary(one, at))]
}

const sameNetwork = (a: Cidr, b: Cidr): boolean => formatCidr(maskCidr(a)) === formatCidr(maskCidr(b))

/** Says whether deleting a primary address would also delete wanted ones. */
const needsPromotion = ({ present, promotes, wanted }: AddressView, removals: readonly Op[]): boolean => {
  if (promotes) return false
  const gone = new Set(removals.flatMap((op) => (op.do === 'address.delete' ? [op.address] : [])))
  // The new ones were added earlier.
  return present.some(
    (cidr, at) =>
      cidr.family === 4 &&
      gone.has(formatCidr(cidr)) &&
      !present.slice(0, at).some((before) => sameNetwork(before, cidr)) &&
      [...present, ...wanted].some((other) => sameNetwork(other, cidr) && !gone.has(formatCidr(other))),
  )
}

const promoting = (dev: IfName, ops: readonly Op[]): Op[] => {
  const key = `net/ipv4/conf/${dev}/promote_secondaries`
  return [{ do: 'sysctl.set', key, value: '1', previous: '0' }, ...ops, { do: 'sysctl.set', key, value: '0' }]
}

const add = (dev: IfName, cidr: Cidr): Op => ({
  do: 'address.add',
  dev,
  family: cidr.family,
  address: formatCidr(cidr),
})

const remove = (dev: IfName, cidr: Cidr): Op => ({ ...add(dev, cidr), do: 'address.delete' }) as Op
