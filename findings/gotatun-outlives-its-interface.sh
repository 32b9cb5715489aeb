#!/bin/sh
# SPDX-License-Identifier: MIT
# gotatun-cli 0.10.2 (crates.io): the command line of wireguard-go, but not its end. When the interface is deleted, wireguard-go ends and
# takes its socket along. gotatun goes on: the process and /var/run/wireguard/NAME.sock stay, `wg show interfaces`
# lists an interface that `ip link` does not know.
# `wg-quick down` deletes the interface and does nothing else.
# Needs root, /dev/net/tun, cargo, wireguard-go, wireguard-tools and iproute2; builds for some minutes; works in namespaces of its own.
set -eu
for program in cargo wireguard-go wg ip; do
  command -v "$program" >/dev/null || { echo "skipped: needs $program"; exit 0; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cargo install --quiet --locked --root "$dir" --version 0.10.2 gotatun-cli
cat >"$dir/run.sh" <<'SH'
mount -t tmpfs none /run
mkdir /run/wireguard
for daemon in wireguard-go "$1/bin/gotatun"; do
  WG_SUDO=true WG_LOG_FILE=/dev/null "$daemon" wg1 >/dev/null 2>&1
  wg set wg1 listen-port 40001
  ip link set wg1 up
  ip link delete wg1
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    alive=$(grep -lx "$(basename "$daemon" | cut -c -15)" /proc/[0-9]*/comm | wc -l)
    [ "$alive" = 0 ] && break
    sleep 0.5
  done
  echo "$(basename "$daemon"): $alive alive, wg lists '$(wg show interfaces)'"
done
SH
seen=$(unshare -n -m -p --fork --mount-proc sh "$dir/run.sh" "$dir")
echo "wireguard-go, then gotatun-cli 0.10.2, after their interface was deleted:"
echo "$seen"
[ "$seen" = "wireguard-go: 0 alive, wg lists ''
gotatun: 1 alive, wg lists 'wg1'" ] || { echo "changed"; exit 1; }
