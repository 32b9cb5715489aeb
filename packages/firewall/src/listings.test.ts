// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { firewallTool } from './default-route/choose.ts'
import { listNftTables, readNftTables, saveOf } from './listings.ts'

/** Installed programs, and the command lines that were run. */
const tools = (status = 0) => {
  const ran: string[] = []
  return {
    ran,
    find: (program: string) => program,
    run: async (program: string, args: readonly string[]) => {
      ran.push([program, ...args].join(' '))
      return { status, stdout: status === 0 ? 'table ip other\n' : '' }
    },
  }
}
const kernel = { nft: ['ip wg-quick-wg0'], iptables: new Set([6] as const) }

test('where the kernel lists tables, no program is started for that', async () => {
  const dependencies = { ...tools(), filterTables: async () => kernel }
  expect(await listNftTables(dependencies)).toEqual(['ip wg-quick-wg0'])
  expect(await saveOf(dependencies, 4)).toBe('')
  expect(dependencies.ran).toEqual([])
  expect((await readNftTables(dependencies, ['ip wg-quick-wg0', 'ip6 wg-quick-wg0']))?.size).toBe(1)
  await saveOf(dependencies, 6)
  expect(dependencies.ran).toEqual(['nft list table ip wg-quick-wg0', 'ip6tables-save'])
})

test.each([
  ['where it does not say', async () => undefined],
  ['where it is not asked', undefined],
])('%s, the programs are', async (_, filterTables) => {
  const dependencies = { ...tools(), ...(filterTables ? { filterTables } : {}) }
  expect(await listNftTables(dependencies)).toEqual(['ip other'])
  await saveOf(dependencies, 4)
  expect(dependencies.ran).toEqual(['nft list tables', 'iptables-save'])
})

test('whether nft works, nft alone can say', async () => {
  const dependencies = { ...tools(1), filterTables: async () => kernel }
  expect(await firewallTool(dependencies)).toBe('iptables')
})
