#!/bin/sh
# SPDX-License-Identifier: MIT
# wireguard-tools 1.0.20210914 (Debian 12): wg(8) says of syncconf that it is like setconf but compares. It does not compare the
# preshared key and the keepalive: when their lines are taken out of the file, `wg syncconf` ends with 0 and the device keeps both.
# `wg setconf` with the same file takes them away.
# Needs root, /dev/net/tun, wireguard-go, wireguard-tools and iproute2; works in namespaces of its own.
set -eu
for program in wireguard-go wg ip; do
  command -v "$program" >/dev/null || { echo "skipped: apt-get install wireguard-go=0.0.20220316-1+b4 wireguard-tools=1.0.20210914-1+b1 iproute2"; exit 0; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf '[Interface]\nPrivateKey = %s\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.0.0.0/8\n' "$(wg genkey)" "$(wg genkey | wg pubkey)" >"$dir/without"
{ cat "$dir/without"; printf 'PresharedKey = %s\nPersistentKeepalive = 25\n' "$(wg genpsk)"; } >"$dir/with"
seen=$(unshare -n -m sh -c "
  mount -t tmpfs none /run && mkdir /run/wireguard
  wireguard-go wg0 >/dev/null 2>&1
  wg setconf wg0 '$dir/with'
  for verb in syncconf setconf; do
    wg \$verb wg0 '$dir/without'
    echo \$verb \$? \$(wg showconf wg0 | grep -c -e PresharedKey -e PersistentKeepalive)
  done
  ip link delete wg0" | paste -sd ';')
echo "verb, status, lines that stay: $seen"
[ "$seen" = 'syncconf 0 2;setconf 0 0' ] || { echo "changed"; exit 1; }
