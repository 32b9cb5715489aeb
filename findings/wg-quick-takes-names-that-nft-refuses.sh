#!/bin/sh
# SPDX-License-Identifier: MIT
# wireguard-tools 1.0.20210914 with nftables 1.0.6 (Debian 12): wg-quick takes the names of interfaces with the signs _ = + . - and makes a table
# `wg-quick-NAME` for a default route. nft refuses = and + in the name of a table ("syntax error"), so a tunnel w=g comes up
# when it has a few routes, and not when it has a default route.
# Needs root, /dev/net/tun, wireguard-go, wireguard-tools, iproute2 and nftables; works in namespaces of its own.
set -eu
for program in wireguard-go wg-quick ip nft; do
  command -v "$program" >/dev/null || { echo "skipped: apt-get install wireguard-go=0.0.20220316-1+b4 wireguard-tools=1.0.20210914-1+b1 iproute2 nftables"; exit 0; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/run.sh" <<'SH'
mount -t tmpfs none /run && mkdir /run/wireguard
export WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go
for network in 10.8.0.0/16 0.0.0.0/0; do
  printf '[Interface]\nPrivateKey = %s\n[Peer]\nPublicKey = %s\nAllowedIPs = %s\n' "$(wg genkey)" "$(wg genkey | wg pubkey)" "$network" >'w=g.conf'
  chmod 600 'w=g.conf'
  status=0
  wg-quick up './w=g.conf' >out 2>&1 || status=$?
  printf '%s %s %s; ' "$network" "$status" "$(grep -c "syntax error, unexpected '='" out)"
  ip link delete 'w=g' 2>/dev/null || true
done
SH
seen=$(cd "$dir" && unshare -n -m sh "$dir/run.sh" | sed 's/ [1-9][0-9]*; $/ some; /')
echo "network, status of up, complaints of nft: $seen"
[ "$seen" = '10.8.0.0/16 0 0; 0.0.0.0/0 1 some; ' ] || { echo "changed"; exit 1; }
