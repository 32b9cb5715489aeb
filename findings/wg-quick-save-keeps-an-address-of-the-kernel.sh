#!/bin/sh
# SPDX-License-Identifier: MIT
# wireguard-tools 1.0.20210914 with wireguard-go 0.0.20220316 (Debian 12): Linux gives a TUN interface a random link-local address when it comes up.
# `wg-quick save` writes that address into the file as if somebody had configured it. An interface of the kernel's
# driver has no such address, so the same file means one address more when it was saved on a machine with a userspace daemon.
# Needs root, /dev/net/tun, IPv6, wireguard-go, wireguard-tools and iproute2; works in namespaces of its own.
set -eu
for program in wireguard-go wg-quick ip; do
  command -v "$program" >/dev/null || { echo "skipped: apt-get install wireguard-go=0.0.20220316-1+b4 wireguard-tools=1.0.20210914-1+b1 iproute2"; exit 0; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf '[Interface]\nPrivateKey = %s\nAddress = 10.7.0.1/24\n' "$(wg genkey)" >"$dir/wg0.conf"
chmod 600 "$dir/wg0.conf"
unshare -n -m sh -c "
  mount -t tmpfs none /run && mkdir /run/wireguard
  export WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go
  wg-quick up '$dir/wg0.conf' >/dev/null 2>&1
  wg-quick save '$dir/wg0.conf' >/dev/null 2>&1
  ip link delete wg0"
seen=$(grep '^Address' "$dir/wg0.conf" | sed 's/fe80:.*/fe80:…/' | paste -sd ';')
echo "saved: $seen"
[ "$seen" = 'Address = 10.7.0.1/24;Address = fe80:…' ] || { echo "changed"; exit 1; }
