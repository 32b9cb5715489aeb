#!/bin/sh
# SPDX-License-Identifier: MIT
# resolvconf 1.91+nmu1 (Debian 12): for openresolv and systemd `resolvconf -l NAME` lists one record. Debian's lists all records, whatever
# follows -l, with status 0. And after `--disable-updates`, `-a` ends with status 0 and prints nothing, but no resolv.conf is written:
# a caller cannot see that its name servers have no effect.
# Needs root and apt-get (Debian 12); works in a mount namespace of its own.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download resolvconf=1.91+nmu1 >/dev/null 2>&1
dpkg -x resolvconf_*.deb root
cat >run.sh <<'SH'
mount -t tmpfs none /run
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/upper2 /mnt/work2
mount -t overlay -o "lowerdir=$1/root/lib:/lib,upperdir=/mnt/upper,workdir=/mnt/work" overlay "$(readlink -f /lib)"
mount -t overlay -o "lowerdir=$1/root/etc:/etc,upperdir=/mnt/upper2,workdir=/mnt/work2" overlay /etc
resolvconf=$1/root/sbin/resolvconf
$resolvconf --enable-updates
echo 'nameserver 192.0.2.1' | $resolvconf -a eth0
echo 'nameserver 192.0.2.2' | $resolvconf -a tun.wg0
listed=$($resolvconf -l eth0 | grep -c '^nameserver' || true)
$resolvconf --disable-updates
before=$(cat /run/resolvconf/resolv.conf)
words=$(echo 'nameserver 192.0.2.3' | $resolvconf -a tun.wg1 2>&1) && status=0 || status=$?
[ "$before" = "$(cat /run/resolvconf/resolv.conf)" ] && written=unchanged || written=changed
echo "listed $listed, add $status '$words', resolv.conf $written"
SH
seen=$(unshare -m sh run.sh "$dir" 2>/dev/null)
echo "resolvconf 1.91+nmu1: $seen"
[ "$seen" = "listed 2, add 0 '', resolv.conf unchanged" ] || { echo "changed"; exit 1; }
