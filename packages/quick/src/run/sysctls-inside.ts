// SPDX-License-Identifier: MIT
import type { Dependencies } from '../dependencies.ts'

/** Reads and writes the settings of the kernel as they are in one network namespace. */
type Sysctls = Pick<Dependencies, 'readSysctl' | 'writeSysctl'>

/**
 * `ip netns exec NETNS sysctl`: /proc/sys/net shows the namespace of the process that opens the file, and Node.js cannot
 * enter another one, so a child does. `pathOf` is the file of a key.
 */
export const sysctlsInside = (
  netns: string,
  env: NodeJS.ProcessEnv,
  pathOf: (key: string) => string,
): Sysctls => {
  const inside = (...words: string[]) => {
    const { spawnSync } = process.getBuiltinModule('node:child_process')
    return spawnSync('nsenter', [`--net=/run/netns/${netns}`, '--', ...words], { env, encoding: 'latin1' })
  }
  return {
    readSysctl: (key) => {
      const { status, stdout } = inside('cat', pathOf(key))
      return status === 0 ? stdout.trim() : undefined
    },
    writeSysctl: (key, value) => {
      const { status, stderr } = inside('sh', '-c', 'printf %s "$1" > "$2"', 'sh', value, pathOf(key))
      if (status === 0) return
      const [, code = 'EIO'] = refusals.find(([text]) => stderr.includes(text)) ?? []
      throw Object.assign(new Error(stderr), { code })
    },
  }
}

/** The shell's words for errors. */
const refusals: readonly (readonly [text: string, code: string])[] = [
  ['Read-only file system', 'EROFS'],
  ['Permission denied', 'EACCES'],
  ['nonexistent', 'ENOENT'],
  ['No such file', 'ENOENT'],
  ['Invalid argument', 'EINVAL'],
]
