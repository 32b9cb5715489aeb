#!/bin/sh
# SPDX-License-Identifier: MIT
# boringtun-cli 0.7.1 (crates.io): the configuration protocol gives the time of the last handshake as seconds since 1970. boringtun
# answers `last_handshake_time_sec` with the seconds that have passed since then: 0 or 1 right after a handshake. `wg show` so
# prints a handshake of 56 years ago, and `wg show IF latest-handshakes` a 0, which means never, in the first second.
# Needs root, /dev/net/tun, cargo, wireguard-go, wireguard-tools and iproute2; builds for some minutes; works in namespaces of its own.
set -eu
for program in cargo wireguard-go wg ip ping; do
  command -v "$program" >/dev/null || { echo "skipped: needs $program"; exit 0; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cargo install --quiet --locked --root "$dir" --version 0.7.1 boringtun-cli
cat >"$dir/run.sh" <<'SH'
mount -t tmpfs none /run
mkdir /run/wireguard /run/netns
ip link set lo up
WG_SUDO=true "$1/bin/boringtun-cli" wg1 --disable-drop-privileges >/dev/null
wireguard-go wg2 2>/dev/null
umask 077
for n in 1 2; do
  wg genkey >"$1/key$n"
  wg pubkey <"$1/key$n" >"$1/public$n"
done
wg set wg1 listen-port 40001 private-key "$1/key1" peer "$(cat "$1/public2")" allowed-ips 10.9.2.0/24 endpoint 127.0.0.1:40002
wg set wg2 listen-port 40002 private-key "$1/key2" peer "$(cat "$1/public1")" allowed-ips 10.9.1.0/24 endpoint 127.0.0.1:40001
ip address add 10.9.1.1/24 dev wg1
ip address add 10.9.2.1/24 dev wg2
ip link set wg1 up
ip link set wg2 up
ip route add 10.9.2.0/24 dev wg1 table 9 2>/dev/null
ping -n -q -c 1 -W 1 -I wg1 10.9.2.99 >/dev/null 2>&1
sleep 3
for n in 1 2; do
  seconds=$(wg show "wg$n" latest-handshakes | cut -f 2)
  [ "$seconds" -lt 1000 ] && echo "wg$n: an age" || echo "wg$n: a time"
done
ip link delete wg2
ip link delete wg1
SH
seen=$(unshare -n -m sh "$dir/run.sh" "$dir" | tr '\n' ' ')
echo "boringtun-cli 0.7.1 is wg1, wireguard-go wg2: $seen"
[ "$seen" = 'wg1: an age wg2: a time ' ] || { echo "changed"; exit 1; }
