// SPDX-License-Identifier: MIT
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { childFolder } from './child-script.ts'
import { workspace } from './workspace.ts'

const compiler = process.env['CXX'] ?? 'c++'
const built = new Map<string, string>()

/** Returns why programs of {@link nativeChild} cannot be built here, or undefined when they can. */
export const whyNoNativeChild = (): string | undefined =>
  spawnSync(compiler, ['--version']).status === 0 ? undefined : `no C++ compiler (${compiler})`

/**
 * Path of the program built from `children/NAME.cc`, for system calls that Node lacks. Built once per test process and
 * removed with it. Raises an error with the compiler's output if the build fails.
 */
export const nativeChild = (name: string): string => {
  const known = built.get(name)
  if (known) return known
  const program = join(childFolder(), name)
  const source = join(workspace, 'test/support/children', `${name}.cc`)
  execFileSync(compiler, ['-std=c++20', '-O2', '-Wall', '-Wextra', '-o', program, source])
  built.set(name, program)
  return program
}
