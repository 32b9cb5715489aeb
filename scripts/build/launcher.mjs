// SPDX-License-Identifier: MIT

/** Node's flags for a data plane (the same as in packages/uapi/src/start-daemon.ts). */
const daemonFlags = '--max-semi-space-size=1 --heap-growing-percent=50'

/**
 * Variables by which a user can make Node run code, or read and write files (with root's rights, if sudo keeps them:
 * `env_keep`), or that slow it down: NODE_EXTRA_CA_CERTS costs 40 ms each start. OPENSSL_CONF names libraries that
 * OpenSSL loads.
 */
const notForNode = [
  ...['OPTIONS', 'PATH', 'COMPILE_CACHE', 'V8_COVERAGE', 'REDIRECT_WARNINGS', 'EXTRA_CA_CERTS'].map(
    (name) => `NODE_${name}`,
  ),
  'OPENSSL_CONF',
]

/** Descriptors that a verb has open at once, Node's included. */
const leastFiles = 24
/** Kilobytes of address space under which Node 20 does not start (700,000 are too few, 740,000 enough; with --jitless 400,000). */
const leastSpaceKb = 740_000

/**
 * The text of a launcher: starts `program`.cjs of `libdir`, passing on how it was called. It forks once (0.4 ms of CPU
 * time on a busy machine), to check for limits under which Node crashes or hangs. Node itself raises the soft limit of
 * open files, and reserves address space for compiled code at its start. WGQ_NODE names another Node; WGQ_NODE_FLAGS is
 * passed on to it (`--jitless` where pages must not be writable and executable). The daemon collects garbage early, so
 * that data from clients of its socket does not pile up (docs/limits.md). On SIGUSR1 Node opens its inspector, which
 * lets any client run code as root, until the program has its own handler. So the inspector gets an address that cannot
 * be bound (RFC 1112 §4), and fails. Not every release has --disable-sigusr1. If standard output is closed, Node would
 * open /dev/null instead and lose all output with status 0: a descriptor that cannot be written makes it fail, like
 * upstream's programs. Parts of PATH that depend on the current folder are removed: `./node` would run as root.
 * @param {string} program name of the bundle without its ending
 * @param {string} [libdir] an absolute folder; without it the folder is found beside the launcher, links followed
 * @param {string} [node] name or path of Node where WGQ_NODE does not name another
 */
export const launcher = (program, libdir, node = 'node') => {
  const flags = `--inspect-port=240.0.0.1:65535 ${program === 'wgqd' ? `${daemonFlags} ` : ''}\${WGQ_NODE_FLAGS-}`
  const command = `"$node" ${flags} "${libdir ?? '$here/../lib'}/${program}.cjs"`
  return `#!/bin/sh
unset ${notForNode.join(' ')}
usual=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
case :\${PATH:=$usual}: in *:[!/]*)
  set -f; IFS=:; clean=
  for part in $PATH; do case $part in /*) clean=$clean:$part ;; esac; done
  set +f; unset IFS; PATH=\${clean:-:$usual}; PATH=\${PATH#:} ;;
esac
limits=$(ulimit -Hn; echo /; ulimit -v 2>/dev/null)
files=\${limits%%[!0-9]*} space=\${limits##*[!0-9]}
[ "\${files:-${leastFiles}}" -ge ${leastFiles} ] || {
  echo "\${0##*/}: the limit of open files is too low: $files, 64 are enough (ulimit -n, LimitNOFILE= of a systemd unit)" >&2
  exit 1
}
case \${WGQ_NODE_FLAGS-} in *--jitless*) space= ;; esac
[ "\${space:-${leastSpaceKb}}" -ge ${leastSpaceKb} ] || {
  echo "\${0##*/}: the limit of address space is too low: $space kB, Node.js takes ${leastSpaceKb} (ulimit -v, LimitAS= of a systemd unit); WGQ_NODE_FLAGS=--jitless takes less" >&2
  exit 1
}
node=${node}
${libdir ? '' : besideTheLauncher}node=\${WGQ_NODE:-$node}
case $node in
  */*) missing="program $node"; [ -f "$node" ] && [ -x "$node" ] ;;
  *) missing="$node in $PATH\${SUDO_USER:+ (sudo has a PATH of its own)}"; command -v "$node" >/dev/null 2>&1 ;;
esac || {
  echo "\${0##*/}: Node.js 20.19 or newer is needed, found no $missing; install it, or set WGQ_NODE to its path" >&2
  exit 127
}
${program === 'wgq' ? `{ true 9>&1; } 2>/dev/null || exec 1</dev/null\n${waiting(command)}` : ''}exec ${command} "$0" "$@"
`
}

/**
 * `up` without a kernel driver: the shell waits, so that the Node that brings the tunnel up can continue as its data
 * plane (packages/cli/src/staying.ts). That Node reports this by SIGUSR2; the shell passes signals on to it. Standard
 * input is passed by number, because a background job has none of its own. Such a job ignores SIGINT until Node has a
 * handler (POSIX, the shell's asynchronous lists): it gets SIGTERM instead, and the status is that of SIGINT.
 * @param {string} command
 */
const waiting = (
  command,
) => `if [ "\${1-}" = up ] && [ -e /proc/self/fd/0 ] && [ ! -e /sys/module/wireguard ]; then
  exec 9<&0
  trap 'exit 0' USR2
  for signal in HUP TERM; do trap "kill -$signal \\$! 2>/dev/null" $signal; done
  terminated=143
  trap 'kill -TERM $! 2>/dev/null; terminated=130' INT
  WGQ_WAITER=$$ ${command.replace('--inspect', `${daemonFlags} --inspect`)} "$0" "$@" <&9 9<&- &
  exec 9<&-
  while wait $!; status=$?; kill -0 $! 2>/dev/null; do :; done
  [ $status != 143 ] || status=$terminated
  exit $status
fi
`

// The Node for which npm installed the launcher is in the same folder as npm's link to it, even if it is not in sudo's
// PATH, or if there is another link to that link. The folder of the file itself may be a link too, and Node resolves
// `..` textually.
const besideTheLauncher = `self=$0 alone=
case $self in */*) ;; *) self=./$self; alone=yes ;; esac
while :; do
  [ -n "\${alone-}" ] || [ ! -f "\${self%/*}/node" ] || node=\${self%/*}/node
  [ -L "$self" ] || break
  alone= link=$(readlink "$self")
  case $link in /*) self=$link ;; *) self=\${self%/*}/$link ;; esac
done
here=\${self%/*}
[ ! -L "$here" ] || here=$(CDPATH= cd -P "$here" && pwd -P)
`
