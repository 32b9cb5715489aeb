#!/bin/sh
# SPDX-License-Identifier: MIT
# @microsoft/sarif-multitool-linux 5.7.0 (npm): the program inside the package is not executable; an install script does `chmod u+x`. So where
# root installs it for all (`npm install -g`), it is rwxr--r--: root can run it, everybody else gets "Permission denied". With
# --ignore-scripts nobody can.
# Needs root, npm and setpriv, x86-64 Linux with glibc; downloads about 100 MB.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
npm init -y >/dev/null
npm install --silent @microsoft/sarif-multitool@5.7.0 @microsoft/sarif-multitool-linux@5.7.0
program=node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool
run() { "$@" >/dev/null 2>&1 && echo runs || echo refused; }
seen="mode $(stat -c %A $program), root $(run "$program" version), others $(run setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "$program version")"
echo "sarif-multitool 5.7.0: $seen"
[ "$seen" = 'mode -rwxr--r--, root runs, others refused' ] || { echo "changed"; exit 1; }
