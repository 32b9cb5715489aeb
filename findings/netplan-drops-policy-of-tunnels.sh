#!/bin/sh
# SPDX-License-Identifier: MIT
# netplan.io 0.106 (Debian 12), renderer NetworkManager: of a WireGuard tunnel, `routing-policy` and the `scope` of a route are left out
# of the profile, and `mtu` is written to the section [ethernet], which a profile of type wireguard does not have. The generator
# ends with status 0 and prints nothing. With the renderer networkd all three are written.
# Needs apt-get (Debian 12); installs nothing on the machine.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download netplan.io=0.106-2+deb12u1 libnetplan0=0.106-2+deb12u1 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$dir"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
generate() {
  rm -rf out
  mkdir -p out/etc/netplan
  cat >out/etc/netplan/wg.yaml <<YAML
network:
  version: 2
  renderer: $1
  tunnels:
    wg0:
      mode: wireguard
      key: cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=
      mtu: 1380
      addresses: [10.9.0.2/24]
      peers:
        - keys: {public: 4IUzPqubfRlDIYinPVHESUOS0ogYfx60SsfyAaj1rW4=}
          allowed-ips: [0.0.0.0/0]
      routes:
        - {to: 10.2.0.0/16, scope: link}
      routing-policy:
        - {from: 10.9.0.2, table: 77, priority: 100}
YAML
  chmod 600 out/etc/netplan/wg.yaml
  root/usr/libexec/netplan/generate --root-dir out
}
has() { grep -rqiE "$1" out/run && echo yes || echo no; }
generate NetworkManager
nm="policy $(has 'routing-rule|priority') scope $(has 'scope') mtu-section $(grep -rh -B1 '^mtu=' out/run | head -1)"
generate networkd
networkd="policy $(has '^Table=77') scope $(has '^Scope=link') mtu $(has '^MTUBytes=1380')"
echo "netplan 0.106 for NetworkManager: $nm; for networkd: $networkd"
[ "$nm" = 'policy no scope no mtu-section [ethernet]' ] || { echo "changed: NetworkManager"; exit 1; }
[ "$networkd" = 'policy yes scope yes mtu yes' ] || { echo "changed: networkd"; exit 1; }
