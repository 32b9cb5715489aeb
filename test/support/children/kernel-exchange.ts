// SPDX-License-Identifier: MIT
// Runs under the other kernel: what systemd-networkd, NetworkManager and `wgq up` make of the same file, each in namespaces of
// its own. Prints a line of JSON for each.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { exchangeCases } from '../../kernel-vm/exchange-cases.ts'
import { writeBusConfiguration } from '../neighbour.ts'

const [, , root = '', networkManager = ''] = process.argv

const uplink = `ip link set lo up
ip link add up0 type dummy; ip addr add 192.0.2.10/24 dev up0; ip addr add 2001:db8::10/64 dev up0 nodad
ip link set up0 up; ip route add default via 192.0.2.1; ip -6 route add default via 2001:db8::1
mount -t tmpfs tmpfs /run
mount -t sysfs sysfs /sys; mount -o remount,ro /sys
`

/** Names and values of what a user notices, one on each line. */
const look = `mark=$(wg show wgqx fwmark)
wg showconf wgqx | sed -e '/^FwMark/d' -e "/^ListenPort = $(wg show wgqx listen-port)/{/4011[0-9]/!d}" | sort | sed 's/^/conf /'
ip -o addr show dev wgqx scope global | awk '{ print "address", $4 }' | sort
echo "mtu $(cat /sys/class/net/wgqx/mtu)"
number=none; [ "$mark" = off ] || number=$((mark))
for family in -4 -6; do
  ip $family -o route show table all type unicast dev wgqx |
    awk -v mark="$number" '$1 !~ /^(fe80|ff00|multicast)/ { table = "main"; for (i = 1; i < NF; i++) if ($i == "table") table = $(i + 1)
      print "route", $1, table == mark ? "own" : table }'
done | sort -u
for to in 10.9.0.77 10.20.0.1 198.51.100.9 192.0.2.77 fd00:9::5 2001:db8:77::1; do
  for with in '' "mark $mark"; do
    [ "$with" = 'mark off' ] || echo "way $to \${with:+marked }$(ip route get $to $with | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')"
  done
done
`

const programs: Record<string, string> = {
  networkd: `mkdir -p /run/systemd/netif /run/units
cp "$1"/networkd/* /run/units; chgrp -R systemd-network /run/units; chmod 750 /run/units
mkdir -p /etc/systemd/network; mount --bind /run/units /etc/systemd/network
chown -R systemd-network /run/systemd/netif
/lib/systemd/systemd-networkd >/run/said 2>&1 & daemon=$!
for i in $(seq 300); do
  index=$(cat /sys/class/net/wgqx/ifindex 2>/dev/null) && grep -q ADMIN_STATE=configured /run/systemd/netif/links/$index && break; sleep 0.2
done
${look}
sed -n -e 's/^DNS=/dns /p' -e 's/^DOMAINS=/domain /p' -e 's/^ROUTE_DOMAINS=/domain /p' /run/systemd/netif/links/$index
cat /run/said >&2
kill $daemon`,
  NetworkManager: `nm=${networkManager}
mkdir -p /run/nm /run/dbus /run/etc /run/lib
cp "$1"/nm/* /run/nm; chmod 600 /run/nm/*
mkdir -p /etc/NetworkManager /var/lib/NetworkManager
mount --bind /run/etc /etc/NetworkManager; mount --bind /run/lib /var/lib/NetworkManager
printf '[main]\\nplugins=keyfile\\ndns=none\\nauth-polkit=false\\n[keyfile]\\npath=/run/nm\\nunmanaged-devices=interface-name:up0\\n' > /run/etc/NetworkManager.conf
${writeBusConfiguration}dbus-daemon --config-file=/run/bus.conf --nofork >/dev/null 2>&1 & bus=$!
export PATH=$nm/usr/bin:$nm/usr/sbin:$PATH
inside() { LD_LIBRARY_PATH=$nm/usr/lib/x86_64-linux-gnu:$nm/lib/x86_64-linux-gnu "$@"; }
inside NetworkManager -n >/run/said 2>&1 & daemon=$!
for i in $(seq 300); do inside nmcli -g GENERAL.STATE device show wgqx 2>/dev/null | grep -q ^100 && break; sleep 0.5; done
${look}
for family in 4 6; do
  inside nmcli -g IP$family.DNS device show wgqx | tr '|' ' ' | sed 's/\\\\//g; s/^/dns /'
  inside nmcli -g IP$family.SEARCHES device show wgqx | tr '|' ' ' | sed 's/^/domain /'
done
tail -n 30 /run/said >&2
kill $daemon $bus`,
  wgq: `mkdir -p /etc/wireguard; cp "$1"/wgqx.conf /etc/wireguard; chmod 600 /etc/wireguard/wgqx.conf
echo 'nameserver 192.0.2.1' > /run/resolv.conf; mount --bind /run/resolv.conf /etc/resolv.conf
${root}/dist/bin/wgq up wgqx >&2
${look}
[ ! -e /etc/resolv.conf.wgq-wgqx ] || sed -n -e 's/^nameserver /dns /p' -e 's/^search /domain /p' /etc/resolv.conf`,
}

for (const { name, conf } of exchangeCases) {
  const folder = `/tmp/exchange-${name}`
  for (const part of ['', '/networkd', '/nm']) mkdirSync(folder + part, { mode: 0o700 })
  writeFileSync(`${folder}/wgqx.conf`, conf, { mode: 0o600 })
  for (const [format, part] of [
    ['networkd', 'networkd'],
    ['networkmanager', 'nm'],
  ] as const)
    spawnSync(`${root}/dist/bin/wgq`, [
      'export',
      '--to',
      format,
      '--output',
      `${folder}/${part}`,
      `${folder}/wgqx.conf`,
    ])
  for (const [program, script] of Object.entries(programs)) {
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['-n', '-m', 'bash', '--norc', '-c', uplink + script, program, folder],
      {
        encoding: 'utf8',
        input: '',
        timeout: 200_000,
      },
    )
    console.log(JSON.stringify({ name, program, lines: stdout.split('\n').filter(Boolean), said: stderr }))
  }
}
