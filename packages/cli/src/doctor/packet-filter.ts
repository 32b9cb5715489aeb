// SPDX-License-Identifier: MIT
import type { Filters } from './filter/read-filters.ts'
import { type Chain, droppingChain } from './filter/ruleset.ts'
import type { Finding } from './finding.ts'
import type { Subject } from './subject.ts'

/** An address of the world, for the way that packets of strangers come in. */
const anywhere = { 4: '1.0.0.1', 6: '2600::1' } as const

/** Says whether the other side has to begin: a peer whose Endpoint is not in the file, or is not known. */
const waitsForPeers = ({ device, config }: Subject): boolean => {
  if (config === undefined) return device.peers.some(({ endpoint }) => !endpoint)
  return config
    .split(/^\s*\[/m)
    .some((section) => /^peer\]/i.test(section) && !/^\s*endpoint\s*=/im.test(section))
}

/** A side that waits for others is reached only where the packet filter lets its UDP port in. Rules are read, not changed. */
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
    const inUse = device.peers.some(({ lastHandshake }) => nowSeconds - Number(lastHandshake.seconds) < 180)
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

/** A machine that carries packets between its peers and what is behind it has to forward, and its filter to allow it. */
export const checkForwarding = async (
  subject: Subject,
  readSysctl: (key: string) => string | undefined,
  filters: () => Filters,
): Promise<Finding[]> => {
  const { device, host, inOneNetwork, config } = subject
  if (!inOneNetwork || !waitsForPeers(subject)) return []
  const meant = device.peers.length > 1 || /masquerade|forward/i.test(config ?? '')
  // Where the file asks for it, wgq has done it, and somebody else took it away since.
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
        // With one peer it may well be all that is wanted.
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

/** A flowtable has interfaces, not names: one that is made anew is not in it. */
export const checkFlowtables = ({ device }: Subject, filters: () => Filters): Finding[] =>
  filters()
    .flowtables.filter(({ interfaces }) => interfaces.includes(device.name))
    .map(({ title }) => ({
      check: 'flowtable',
      status: 'info' as const,
      message: `${title} has ${device.name} in it, and loses it when the interface goes down`,
      hint: `Load its rules again after each \`wgq up ${device.name}\` (PostUp)`,
    }))
