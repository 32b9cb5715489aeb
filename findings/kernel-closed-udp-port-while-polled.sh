#!/bin/sh
# SPDX-License-Identifier: MIT
# Linux (seen on 6.18), UDP: close(2) frees the port of a socket at once, except while another thread waits for the socket in poll(2).
# Then close succeeds, the descriptor is gone, and the port is refused with "Address already in use" until poll returns: the
# waiting call holds a reference to the socket. A program that closes and binds again must wake its poller first.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >run.py <<'PY'
import select, socket, threading, time

def bindable(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        try:
            other.bind(('127.0.0.1', port))
            return 'free'
        except OSError as error:
            return error.strerror

def closed(polled):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(('127.0.0.1', 0))
    port = sock.getsockname()[1]
    poller = select.poll()
    poller.register(sock.fileno(), select.POLLIN)
    thread = threading.Thread(target=lambda: poller.poll(2000) if polled else None)
    thread.start()
    time.sleep(0.5)
    sock.close()
    now = bindable(port)
    thread.join()
    return f'{now}, then {bindable(port)}'

print(f'not polled {closed(False)}; polled {closed(True)}')
PY
seen=$(python3 run.py)
echo "Linux $(uname -r), port of a closed UDP socket: $seen"
[ "$seen" = 'not polled free, then free; polled Address already in use, then free' ] || { echo "changed"; exit 1; }
