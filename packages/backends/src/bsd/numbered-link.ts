// SPDX-License-Identifier: MIT
import type { CommandRunner } from './command-runner.ts'
import type { Argv } from './dialect.ts'
import { CommandError } from './host-error.ts'
import { parseIfconfig } from './ifconfig.ts'

/** How often another program may take a free number before us. */
const mostAttempts = 64

/**
 * Creates an interface with the first free number, or the next one if another program was faster (`SIOCIFCREATE: File
 * exists`). Returns its name. Raises `E_HOST`.
 */
export const createNumberedLink = async (
  runner: CommandRunner,
  echo: (argv: Argv) => void,
  create: (real: string) => Argv,
): Promise<string> => {
  const { stdout } = await runner.run(['ifconfig', '-a'])
  const taken = new Set(parseIfconfig(stdout).map((shown) => shown.name))
  for (let number = 0, attempts = 0; ; number++) {
    const real = `wg${number}`
    if (taken.has(real)) continue
    const argv = create(real)
    echo(argv)
    const result = await runner.run(argv)
    if (result.status === 0) return real
    attempts++
    if (attempts === mostAttempts || !/SIOCIFCREATE2?: File exists/.test(result.stderr))
      throw new CommandError(argv, result, 0)
  }
}
