#!/bin/sh
# SPDX-License-Identifier: MIT
# Linux (seen on 6.18; messages made with pyroute2 0.9.5 of PyPI): a query for one route (RTM_GETROUTE) may carry the flag
# RTM_F_LOOKUP_TABLE, "tell me the table that answered". Under strict checking (NETLINK_GET_STRICT_CHK) IPv4 takes it and IPv6
# refuses the same flag with EINVAL; without strict checking both take it. `ip route get` sets the flag for IPv4 only.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip -q install pyroute2==0.9.5
cat >ask.py <<'PY'
import os, socket, struct
from pyroute2.netlink import NLM_F_REQUEST
from pyroute2.netlink.rtnl import RTM_GETROUTE
from pyroute2.netlink.rtnl.rtmsg import rtmsg

SOL_NETLINK, STRICT_CHECK, LOOKUP_TABLE = 270, 12, 0x1000

def ask(family, address, length, strict):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.bind((0, 0))
        sock.setsockopt(SOL_NETLINK, STRICT_CHECK, strict)
        message = rtmsg()
        message['family'], message['dst_len'], message['flags'] = family, length, LOOKUP_TABLE
        message['attrs'] = [['RTA_DST', address]]
        message['header']['type'], message['header']['flags'] = RTM_GETROUTE, NLM_F_REQUEST
        message.encode()
        sock.send(message.data)
        answer = sock.recv(65536)
    kind, = struct.unpack_from('<H', answer, 4)
    return os.strerror(-struct.unpack_from('<i', answer, 16)[0]) if kind == 2 else 'answered'

for strict in (0, 1):
    print(ask(socket.AF_INET, '127.0.0.1', 32, strict), ask(socket.AF_INET6, '::1', 128, strict), sep=', ', end='; ')
PY
seen=$(env/bin/python ask.py)
echo "Linux $(uname -r), IPv4 and IPv6, first lenient, then strict: $seen"
[ "$seen" = 'answered, answered; answered, Invalid argument; ' ] || { echo "changed"; exit 1; }
