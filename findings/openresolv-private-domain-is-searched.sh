#!/bin/sh
# SPDX-License-Identifier: MIT
# openresolv 3.12.0 (Debian 12): `resolvconf -p -a tun.wg0` marks a record as private, which resolvconf.conf(5) explains as
# name servers that "will only be queried for the domains listed in their resolv.conf". The plain libc subscriber knows no zones,
# and with it the `search` domain of the private record is still written to resolv.conf, but its name server is not: names of the
# domain are completed and then asked at the wrong servers.
# Needs root and apt-get (Debian 12); works in a mount namespace of its own.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download openresolv=3.12.0-3 >/dev/null 2>&1
dpkg -x openresolv_*.deb root
cat >run.sh <<'SH'
mount -t tmpfs none /run
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/upper2 /mnt/work2
mount -t overlay -o "lowerdir=$1/root/lib:/lib,upperdir=/mnt/upper,workdir=/mnt/work" overlay "$(readlink -f /lib)"
mount -t overlay -o "lowerdir=$1/root/etc:/etc,upperdir=/mnt/upper2,workdir=/mnt/work2" overlay /etc
umount /etc/resolv.conf 2>/dev/null || true
echo 'resolv_conf=/run/resolv.conf' >>/etc/resolvconf.conf
resolvconf=$1/root/sbin/resolvconf
echo 'nameserver 192.0.2.1' | $resolvconf -a eth0
printf 'search corp.example\nnameserver 192.0.2.2\n' | $resolvconf -p -a tun.wg0
grep -v '^#' /run/resolv.conf | tr '\n' ' '
SH
seen=$(unshare -m sh run.sh "$dir" 2>&1)
echo "openresolv 3.12.0, resolv.conf: $seen"
[ "$seen" = 'search corp.example nameserver 192.0.2.1 ' ] || { echo "changed"; exit 1; }
