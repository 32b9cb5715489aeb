#!/bin/sh
# SPDX-License-Identifier: MIT
# ziglang 0.17.1 (PyPI): `zig cc -fsyntax-only` checks a file, and then wants to move the object that nobody asked for. A correct file
# so ends with status 1 and an error at its line 1 ("failed to rename … FileNotFound"); a wrong one with status 1 and its own error. clang
# ends with 0 for the first. With `-c -o /dev/null` zig tells the two apart.
# Needs python3 with venv.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip -q install ziglang==0.17.1
echo 'int main(void) { return 0; }' >good.c
export ZIG_GLOBAL_CACHE_DIR="$dir/cache"
status() {
  code=0
  env/bin/python -m ziglang cc "$@" >"$dir/out" 2>&1 || code=$?
  echo "$code"
}
only=$(status -fsyntax-only good.c)
says=$(grep -c 'good.c:1:1: error: failed to rename' out || true)
seen="syntax only $only, $says error, with an object $(status -c -o object.o good.c)"
echo "ziglang 0.17.1: $seen"
[ "$seen" = 'syntax only 1, 1 error, with an object 0' ] || { echo "changed"; exit 1; }
