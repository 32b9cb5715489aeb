#!/bin/sh
# SPDX-License-Identifier: MIT
# boringtun-cli 0.7.1 and gotatun-cli 0.10.2 (crates.io) beside wireguard-go 0.0.20220316 (Debian 12): handshakes carry a TAI64N time. wireguard-go and the
# kernel's driver count TAI as 10 seconds ahead of UTC, the two Rust programs as 37. A server takes only later times than the
# last, so who changes from one of these to wireguard-go, with the same key, gets no handshake for about 27 seconds; the other
# way round it is immediate. Nothing is printed on either side.
# Needs root, /dev/net/tun, cargo, wireguard-go, wireguard-tools, iproute2 and ping; builds for some minutes; works in namespaces of its own.
set -eu
for program in cargo wireguard-go wg ip ping; do
  command -v "$program" >/dev/null || { echo "skipped: needs $program"; exit 0; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cargo install --quiet --locked --root "$dir" --version 0.7.1 boringtun-cli
cat >run.sh <<'SH'
mount -t tmpfs none /run && mkdir /run/wireguard
ip netns add client
ip link add server type veth peer name client netns client
ip address add 192.0.2.1/24 dev server
ip link set server up
ip -n client address add 192.0.2.2/24 dev client
ip -n client link set client up
server=$(wg genkey)
client=$(wg genkey)
wireguard-go wgs >/dev/null 2>&1
echo "$server" | wg set wgs listen-port 40001 private-key /dev/stdin peer "$(echo "$client" | wg pubkey)" allowed-ips 10.9.0.2/32
ip address add 10.9.0.1/24 dev wgs
ip link set wgs up
seconds() { # seconds DAEMON: until a handshake of this daemon with the client's key is answered
  ip netns exec client "$@" wgc >/dev/null 2>&1
  echo "$client" | wg set wgc private-key /dev/stdin peer "$(echo "$server" | wg pubkey)" endpoint 192.0.2.1:40001 allowed-ips 10.9.0.1/32
  ip -n client address add 10.9.0.2/24 dev wgc
  ip -n client link set wgc up
  begin=$(date +%s)
  until ip netns exec client ping -c 1 -W 1 10.9.0.1 >/dev/null 2>&1; do
    [ $(($(date +%s) - begin)) -lt 60 ] || break
  done
  echo $(($(date +%s) - begin))
  ip -n client link delete wgc
  sleep 1
}
go=$(seconds wireguard-go)
rust=$(seconds "$1/bin/boringtun-cli" --disable-drop-privileges)
back=$(seconds wireguard-go)
ip link delete wgs
ip netns delete client
[ "$go" -lt 5 ] && [ "$rust" -lt 10 ] && [ "$back" -ge 15 ] && [ "$back" -le 45 ] && echo "at once, at once, about 27 s later" || echo "$go $rust $back"
SH
seen=$(unshare -n -m sh run.sh "$dir")
echo "wireguard-go, then boringtun, then wireguard-go again: $seen"
[ "$seen" = 'at once, at once, about 27 s later' ] || { echo "changed"; exit 1; }
