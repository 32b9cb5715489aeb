#!/bin/sh
# SPDX-License-Identifier: MIT
# wireguard-tools 1.0.20210914 (Debian 12): ListenPort = 70000 is not refused. `wg setconf` takes the number modulo 65536 and asks for port
# 4464; the same number in an Endpoint goes to port 4464 of the peer. Status 0, no message. A socket in Python takes the place
# of the daemon and prints the request.
# Needs root, apt-get (Debian 12) and python3; works in a mount namespace of its own.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download wireguard-tools=1.0.20210914-1+b1 >/dev/null 2>&1 || apt-get download wireguard-tools >/dev/null
dpkg -x wireguard-tools_*.deb root
cat >wg0.conf <<'FILE'
[Interface]
ListenPort = 70000
[Peer]
PublicKey = 4IUzPqubfRlDIYinPVHESUOS0ogYfx60SsfyAaj1rW4=
Endpoint = 192.0.2.1:70000
FILE
cat >device.py <<'PY'
import socket, subprocess, sys, threading
server = socket.socket(socket.AF_UNIX)
server.bind('/run/wireguard/wg0.sock')
server.listen()
requests = []
def serve():
    while True:
        connection, _ = server.accept()
        with connection:
            text = b''
            while not text.endswith(b'\n\n'):
                piece = connection.recv(65536)
                if not piece:
                    break
                text += piece
            requests.append(text.decode())
            if text:
                connection.sendall(b'errno=0\n\n')
threading.Thread(target=serve, daemon=True).start()
status = subprocess.run([sys.argv[1], 'setconf', 'wg0', sys.argv[2]]).returncode
lines = [line for line in ''.join(requests).splitlines() if line.startswith(('listen_port=', 'endpoint='))]
print(f'status {status}', *lines, sep=', ')
PY
seen=$(unshare -m sh -c "mount -t tmpfs none /run && mkdir /run/wireguard && python3 device.py root/usr/bin/wg wg0.conf")
echo "wireguard-tools 1.0.20210914: $seen"
[ "$seen" = 'status 0, listen_port=4464, endpoint=192.0.2.1:4464' ] || { echo "changed"; exit 1; }
