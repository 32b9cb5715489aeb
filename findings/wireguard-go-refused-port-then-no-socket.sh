#!/bin/sh
# SPDX-License-Identifier: MIT
# wireguard-go 0.0.20220316 (Debian 12): a port that is in use is refused ("Address already in use"), as by the kernel's driver. But the
# daemon has closed its sockets before it tried: from then on it has none. `ip link set up` still succeeds, the interface says
# UP, and nothing is bound when the port becomes free. The only trace is that `wg show IF listen-port` prints 0. The
# kernel's driver keeps the port that it had.
# Needs root, /dev/net/tun, wireguard-go, wireguard-tools, iproute2 and python3; works in a network namespace of its own.
set -eu
command -v wireguard-go >/dev/null || { echo "skipped: apt-get install wireguard-go=0.0.20220316-1+b6"; exit 0; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/run.py" <<'PY'
import socket, subprocess, time
def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout.strip()
run('ip', 'link', 'set', 'lo', 'up')
run('wireguard-go', 'wg0')
run('ip', 'link', 'set', 'wg0', 'up')
sockets = lambda: len(run('ss', '-Hlun')[1].splitlines())
for _ in range(100):
    before = sockets()
    if before: break
    time.sleep(0.05)
holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
holder.bind(('0.0.0.0', 40000))
refused, _ = run('wg', 'set', 'wg0', 'listen-port', '40000')
status, _ = run('ip', 'link', 'set', 'wg0', 'up')
flags = run('ip', '-o', 'link', 'show', 'wg0')[1].split('<')[1].split('>')[0].split(',')
port = run('wg', 'show', 'wg0', 'listen-port')[1]
holder.close()
time.sleep(2)
after = sockets()
print(f"sockets {before}, set {refused}, link up {status}, {'UP' if 'UP' in flags else 'down'}, listen-port {port}, sockets {after}")
run('ip', 'link', 'delete', 'wg0')
PY
seen=$(unshare -n -m sh -c "mount -t tmpfs none /run && mkdir /run/wireguard && python3 '$dir/run.py'")
echo "wireguard-go 0.0.20220316: $seen"
[ "$seen" = 'sockets 2, set 1, link up 0, UP, listen-port 0, sockets 0' ] || { echo "changed"; exit 1; }
