// SPDX-License-Identifier: MIT
// Runs under the other kernel: every case of wg-quick with Debian's wg-quick and with ours; prints the results of both, then
// which bundles one `up` loads.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type QuickCase, quickCases } from '../../kernel-vm/quick-cases.ts'

// Without --norc bash would read ~/.bashrc: it mistakes a socket on its standard input for a remote login.
const shell = (script: string) => {
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
    encoding: 'utf8',
    input: '',
  })
  return { status, stdout, stderr }
}

/** Everything that wg-quick may change; it cannot choose the indices of interfaces. */
const state = (): string =>
  shell(`printf 'addr show\\nroute show table all\\nrule show\\n' >/tmp/look
    ip -o -4 -batch /tmp/look; ip -o -6 -batch /tmp/look; ip -o link show up0; ip -o link show wg0
    nft list ruleset
    cat /proc/sys/net/ipv4/conf/all/src_valid_mark
    wg show all dump
    cat /etc/wireguard/*`).stdout.replace(/^[0-9]+: (?=up0|wg0)/gm, '')

const play = (wgQuick: string, one: QuickCase): unknown => {
  rmSync('/etc/wireguard', { recursive: true, force: true })
  mkdirSync('/etc/wireguard', { mode: 0o700 })
  writeFileSync('/etc/wireguard/wg0.conf', one.conf, { mode: 0o600 })
  shell(`ip link add up0 address 02:00:00:00:00:01 type dummy && ip addr add 192.0.2.10/24 dev up0 && ip addr add 2001:db8::10/64 dev up0 nodad
    ip link set up0 up && ip route add default via 192.0.2.1 && sysctl -q net.ipv4.conf.all.src_valid_mark=0`)
  if (one.setup) shell(one.setup)
  const steps = (one.steps ?? ['up', 'down']).map((step) => {
    const done = step.startsWith('!') ? shell(step.slice(1)) : shell(`${wgQuick} ${step} wg0`)
    return { step, ...done, state: state() }
  })
  shell(`ip link delete wg0; ip link delete up0; nft flush ruleset
    for family in -4 -6; do ip $family rule flush; ip $family rule add table main pref 32766; done
    ip -4 rule add table default pref 32767`)
  for (const family of ['-4', '-6'])
    shell(`ip ${family} rule flush; ip ${family} rule add table main pref 32766`)
  shell('ip -4 rule add table default pref 32767')
  return steps
}

/** Lines with different wording upstream and in Debian's release (spec wg-quick §16). */
const modern = (text: string): string =>
  text
    .replaceAll('[#] ip link add wg0 type wireguard', '[#] ip link add dev wg0 type wireguard')
    .replaceAll('[#] wg setconf wg0', '[#] wg addconf wg0')

const ours = `${process.argv[2]}/dist/bin/wg-quick`
for (const one of quickCases) {
  const theirs = JSON.parse(modern(JSON.stringify(play('wg-quick', one))))
  console.log(JSON.stringify({ name: one.name, theirs, ours: play(ours, one) }))
}

/** The bundles that a run of ours loads: Node lists each script that it ran. */
const loaded = (words: string): string[] => {
  const folder = '/tmp/coverage'
  // The launcher unsets the variables of Node.
  const bundle = `${process.argv[2]}/dist/lib/wgq.cjs`
  shell(`NODE_V8_COVERAGE=${folder} ${process.execPath} ${bundle} ${ours} ${words}`)
  const urls = readdirSync(folder).flatMap((name) =>
    JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')).result.map((script: { url: string }) => script.url),
  )
  rmSync(folder, { recursive: true })
  return [...new Set(urls.filter((url: string) => url.endsWith('.cjs')).map((url: string) => basename(url)))]
}
mkdirSync('/etc/wireguard', { recursive: true, mode: 0o700 })
writeFileSync('/etc/wireguard/wg0.conf', '[Interface]\nAddress = 10.9.0.1/24\nListenPort = 51820\n', {
  mode: 0o600,
})
console.log(JSON.stringify({ loaded: loaded('up wg0'), driver: shell('ip -d link show wg0').stdout }))
