#!/bin/sh
# SPDX-License-Identifier: MIT
# iproute2 6.1.0 (Debian 12), Linux (seen on 6.18): `ip -6 route flush table N` ends with status 0 and leaves an unreachable default
# route whose metric is 4294967295. The kernel's built-in entry of an IPv6 table looks the same, so `ip` passes over this one.
# The same route with another metric is flushed, and `ip -6 route del` removes it.
# Needs root and iproute2; works in a network namespace of its own.
set -eu
command -v ip >/dev/null || { echo "skipped: apt-get install iproute2"; exit 0; }
# shellcheck disable=SC2016 # for the inner shell
seen=$(unshare -n sh -c '
  ip link set lo up
  for metric in 4294967295 4294967294; do
    ip -6 route add unreachable default table 77 metric $metric
    ip -6 route flush table 77 && status=$?
    printf "%s status %s left %s; " $metric $status "$(ip -6 route show table 77 | wc -l)"
    ip -6 route del unreachable default table 77 metric $metric 2>/dev/null || true
  done
  printf "deleted %s" "$(ip -6 route show table 77 | wc -l)"')
echo "$(ip -V), unreachable default, by metric: $seen"
[ "$seen" = '4294967295 status 0 left 1; 4294967294 status 0 left 0; deleted 0' ] || { echo "changed"; exit 1; }
