#!/bin/sh
# SPDX-License-Identifier: MIT
# wireguard-tools 1.0.20210914 with bash 5.2.15 (Debian 12): `wg-quick save` ends with status 0 and destroys a hook that holds "&". Since
# 5.2 bash takes & in the new text of a ${text/old/new} for what was matched, as sed does. So `PostUp = true && true` comes
# back as `PostUp = true [Interface]`, a second section and half a line. With SaveConfig = true, `down` does it unasked.
# Needs root, /dev/net/tun, apt-get (Debian 12), wireguard-go, wireguard-tools and iproute2; works in namespaces of its own.
set -eu
for program in wireguard-go wg-quick ip; do
  command -v "$program" >/dev/null || { echo "skipped: apt-get install wireguard-go=0.0.20220316-1+b4 wireguard-tools=1.0.20210914-1+b1 iproute2"; exit 0; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf '[Interface]\nPrivateKey = %s\nPostUp = true && true\n' "$(wg genkey)" >"$dir/wg0.conf"
chmod 600 "$dir/wg0.conf"
status=$(unshare -n -m sh -c "
  mount -t tmpfs none /run && mkdir /run/wireguard
  export WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go
  wg-quick up '$dir/wg0.conf' >/dev/null 2>&1
  wg-quick save '$dir/wg0.conf' >/dev/null 2>&1
  echo \$?
  ip link delete wg0")
seen="status $status, sections $(grep -cxF '[Interface]' "$dir/wg0.conf"), $(grep '^PostUp' "$dir/wg0.conf")"
echo "wg-quick save, bash ${BASH_VERSION:-$(bash -c 'echo $BASH_VERSION')}: $seen"
[ "$seen" = 'status 0, sections 2, PostUp = true [Interface]' ] || { echo "changed"; exit 1; }
