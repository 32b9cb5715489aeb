// SPDX-License-Identifier: MIT
import { staleAfterSeconds } from '../observe/device-events.ts'
import type { Filters } from './filter/read-filters.ts'
import { type Chain, droppingChain } from './filter/ruleset.ts'
import type { Finding } from './finding.ts'
import type { Subject } from './subject.ts'

/** A public address of each family, to find the interface on which packets from the internet arrive. */
const anywhere = { 4: '1.0.0.1', 6: '2600::1' } as const

/** Whether a peer must start the handshake: its Endpoint is not in the file, or is unknown. */
const waitsForPeers = ({ device, config }: Subject): boolean => {
  if (config === undefined) return device.peers.some(({ endpoint }) => !endpoint)
  return config
    .split(/^\s*\[/m)
    .some((section) => /^peer\]/i.test(section) && !/^\s*endpoint\s*=/im.test(section))
}

/**
 * A side that waits for peers is reachable only if the packet filter accepts its UDP port. Reads rules, changes none.
 */
export const checkPort = async (subject: Subject, filters: () => Filters): Promise<Finding[]> => {
  const { device, outside, inOneNetwork, nowSeconds } = subject
  if (!inOneNetwork || device.listenPort === 0 || !waitsForPeers(subject)) return []
  for (const family of [4, 6] as const) {
    const iif = (await outside.routeTo(anywhere[family]))?.dev
    if (iif === undefined || iif === device.name) continue
    const chain = droppingChain(filters().chains, {
      hook: 'input',
      family,
      iif,
      protocol: 'udp',
      destinationPort: device.listenPort,
    })
    if (!chain) continue
    const inUse = device.peers.some(
      ({ lastHandshake }) => nowSeconds - Number(lastHandshake.seconds) < staleAfterSeconds,
    )
    return [
      {
        check: 'firewall',
        status: inUse ? 'warning' : 'problem',
        message: `the firewall drops UDP ${device.listenPort} that comes in on ${iif} (${chain.title}): peers cannot begin`,
        hint: openPortHint(chain, device.listenPort),
      },
    ]
  }
  return []
}

const openPortHint = (chain: Chain, port: number): string => {
  if (chain.rules.some(({ verdict }) => 'chain' in verdict && / ufw6?-/.test(verdict.chain)))
    return `ufw allow ${port}/udp`
  if (chain.id.includes(' firewalld '))
    return `firewall-cmd --add-port=${port}/udp, and again with --permanent`
  const tool = /^(ip6?tables) /.exec(chain.id)?.[1]
  if (tool !== undefined) return `${tool} -I INPUT -p udp --dport ${port} -j ACCEPT`
  return `nft insert rule ${chain.id} udp dport ${port} accept`
}

/**
 * A machine that forwards packets between its peers and the networks behind it needs IP forwarding and a filter that
 * allows it.
 */
export const checkForwarding = async (
  subject: Subject,
  readSysctl: (key: string) => string | undefined,
  filters: () => Filters,
): Promise<Finding[]> => {
  const { device, host, inOneNetwork, config } = subject
  if (!inOneNetwork || !waitsForPeers(subject)) return []
  const meant = device.peers.length > 1 || /masquerade|forward/i.test(config ?? '')
  // If the file asks for it, wgq set it up and another program removed it since.
  const putBack = /^\s*#+\s*(?:masquerade|forward)\s*=\s*(?!off\b|no\b|false\b)\S/im.test(config ?? '')
    ? `\`wgq reload ${device.name}\` puts it back: the file asks for it`
    : undefined
  const findings: Finding[] = []
  for (const family of [4, 6] as const) {
    const addresses = (await host.addresses(device.name, family)).filter(({ scope }) => scope !== 'link')
    if (addresses.length === 0) continue
    const key = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding'
    if (readSysctl(key) === '0') {
      findings.push({
        check: 'forwarding',
        // With one peer this may be intended.
        status: meant ? 'warning' : 'info',
        message: `${key} is 0: peers reach this machine, but nothing behind it${device.peers.length > 1 ? ' and not each other' : ''}`,
        hint:
          putBack ??
          `\`# Masquerade = auto\` in the file and \`wgq reload ${device.name}\` (docs/guides/server-with-nat.md), or sysctl ${key}=1`,
      })
      continue
    }
    const oif = (await host.routeTo(anywhere[family]))?.dev
    const chain = droppingChain(filters().chains, {
      hook: 'forward',
      family,
      iif: device.name,
      protocol: 'tcp',
      ...(oif === undefined ? {} : { oif }),
    })
    if (chain)
      findings.push({
        check: 'forwarding',
        status: 'warning',
        message: `${chain.title} drops what peers send through this machine${policyWords(chain)}`,
        hint: putBack ?? forwardHint(chain, filters().chains, device.name),
      })
  }
  return findings
}

const policyWords = (chain: Chain): string => (chain.base?.policy === 'drop' ? ' (policy drop)' : '')

const forwardHint = (chain: Chain, chains: readonly Chain[], name: string): string => {
  const tool = /^(ip6?tables) /.exec(chain.id)?.[1]
  if (tool === undefined) {
    if (chain.id.includes(' firewalld ')) return `firewall-cmd --zone=trusted --add-interface=${name}`
    return `nft insert rule ${chain.id} iifname ${name} accept`
  }
  if (chain.rules.some(({ verdict }) => 'chain' in verdict && / ufw6?-/.test(verdict.chain)))
    return `ufw route allow in on ${name}`
  const docker = chains.some(({ id }) => id === `${tool} DOCKER-USER`)
  const where = docker ? 'DOCKER-USER' : 'FORWARD'
  const why = docker ? 'Docker sets the policy of this chain; ' : ''
  return `${why}${tool} -I ${where} -i ${name} -j ACCEPT && ${tool} -I ${where} -o ${name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`
}

/** A flowtable refers to interfaces, not names, so it does not include an interface that was recreated. */
export const checkFlowtables = ({ device }: Subject, filters: () => Filters): Finding[] =>
  filters()
    .flowtables.filter(({ interfaces }) => interfaces.includes(device.name))
    .map(({ title }) => ({
      check: 'flowtable',
      status: 'info' as const,
      message: `${title} has ${device.name} in it, and loses it when the interface goes down`,
      hint: `Load its rules again after each \`wgq up ${device.name}\` (PostUp)`,
    }))
