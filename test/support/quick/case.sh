#!/bin/bash
# Replays one recorded case of wg-quick in the current network namespace, with private /etc/wireguard and runtime
# directories. Reads $D/case.sh (UPCMD, DOWNCMD, PRE, MID, POST, ENV, CASEPATH, MODE, IF), writes the results to $D.
mkdir -p /run/wireguard /run/wgq
mount --make-rprivate /
mount -t tmpfs -o mode=700 tmpfs /etc/wireguard
mount -t tmpfs -o mode=755 tmpfs /run/wireguard
mount -t tmpfs -o mode=700 tmpfs /run/wgq
# The cases were recorded without a resolvconf on the machine: only the stub in PATH may run.
for program in /usr/local/sbin/resolvconf /usr/sbin/resolvconf /usr/bin/resolvconf /sbin/resolvconf; do
  [ ! -e "$program" ] || mount --bind /dev/null "$program"
done
cd / || exit 99
umask 022
# shellcheck disable=SC1091 # written by the test
. "$D/case.sh"

# The non-root case was recorded on a machine without sudo: an overlay hides it.
if [ -e /usr/bin/sudo ] && grep -q nonroot "$D/case.sh"; then
  mount -t tmpfs tmpfs /mnt
  mkdir /mnt/upper /mnt/work
  mount -t overlay -o lowerdir=/usr/bin,upperdir=/mnt/upper,workdir=/mnt/work overlay /usr/bin
  rm /usr/bin/sudo
fi

snapshot() {
  mkdir -p "$1"
  # A daemon whose interface was deleted ends a moment later.
  for socket in /run/wireguard/*.sock; do
    name=${socket##*/}
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      if [ ! -S "$socket" ] || [ -e "/sys/class/net/${name%.sock}" ]; then break; fi
      sleep 0.05
    done
  done
  ip -j addr > "$1/addr"
  ip -j -4 route show table all > "$1/route4"
  ip -j -6 route show table all > "$1/route6"
  ip -j -4 rule > "$1/rule4"
  ip -j -6 rule > "$1/rule6"
  /usr/sbin/nft list ruleset > "$1/nft" 2> /dev/null
  sysctl net.ipv4.conf.all.src_valid_mark net.ipv4.conf.all.rp_filter > "$1/sysctl"
  /usr/bin/wg show all dump > "$1/wg_dump" 2> /dev/null
  ls /run/wireguard > "$1/sockets"
  ls /run/wgq > "$1/journals"
  {
    echo "# ip -br link"
    ip -br link show | sed 's/@.*//; s/ .*//'
    for family in -4 -6; do echo "# ip $family rule"; ip $family rule; done
    for family in -4 -6; do echo "# ip $family route table all"; ip $family route show table all; done
    echo "# nft"
    cat "$1/nft"
    echo "# sysctl"
    sysctl net.ipv4.conf.all.src_valid_mark
    echo "# /etc/wireguard"
    # shellcheck disable=SC2012 # the recorded cases used ls; the names are ours
    ls -l /etc/wireguard | awk '{ print $1, $9 }'
    echo "# /var/run/wireguard"
    ls /run/wireguard
  } > "$1/text"
}

play() { # NAME COMMAND
  PATH=$CASEPATH bash -c "$2" > "$D/$1.stdout" 2> "$D/$1.stderr" < /dev/null
  echo $? > "$D/$1.exit"
}

export PATH=$CASEPATH
eval "$ENV"
PATH=$BIN:$WRAP:/usr/sbin:/usr/bin:/sbin:/bin eval "$PRE"
rm -f "$D"/*.log
[ -f "$D/$IF.conf" ] && install -m "$MODE" "$D/$IF.conf" "/etc/wireguard/$IF.conf"
[ -n "$UPCMD" ] && play up "$UPCMD"
PATH=/usr/sbin:/usr/bin:/sbin:/bin snapshot "$D/state"
eval "$MID"
[ -n "$DOWNCMD" ] && play down "$DOWNCMD"
mkdir -p "$D/after"
eval "$POST"
PATH=/usr/sbin:/usr/bin:/sbin:/bin snapshot "$D/after"
exit 0
