// SPDX-License-Identifier: MIT
import type { Handler, Invocation, Personality } from '../command.ts'
import { fatal } from '../fatal.ts'
import { programName } from '../program-name.ts'

// What scripts call many times starts from this one file; each handler's module is initialised only when it is called.
const fast: Record<string, () => Promise<{ run: Handler }>> = {
  genkey: () => import('../verbs/genkey.ts'),
  genpsk: () => import('../verbs/genkey.ts'),
  pubkey: () => import('../verbs/pubkey.ts'),
  show: () => import('../verbs/show.ts'),
}

/** The other verbs stand in a file of their own, which loads what they need. */
const slow = (): typeof import('./main.ts') => require('./main.cjs')

const wgVerbs = /^(?:show|showconf|set|setconf|addconf|syncconf|genkey|genpsk|pubkey)$/

const personalityOf = (launcher: string): Personality => {
  const name = launcher.slice(launcher.lastIndexOf('/') + 1)
  return name === 'wg' || name === 'wg-quick' ? name : 'wgq'
}

const invoke = async (handler: Handler | undefined, invocation: Invocation): Promise<number> => {
  if (!handler) return invoke(await slow().loadHandler('unknown'), invocation)
  return handler(invocation)
}

const start = async (launcher: string, words: readonly string[]): Promise<number> => {
  const personality = personalityOf(launcher)
  const invocation = (verb: string, args: readonly string[]): Invocation => ({
    personality,
    verb,
    args,
    get program() {
      return programName(launcher)
    },
  })
  try {
    const [verb, ...args] = words
    if (personality === 'wg-quick') {
      return await invoke(await slow().loadHandler('wg-quick'), invocation('wg-quick', words))
    }
    if (verb === undefined) {
      const silent = personality === 'wg' ? 'show' : 'help'
      return await start(launcher, [silent])
    }
    const asks = /^(?:-h|--help|help)$/.test(verb)
      ? 'help'
      : /^(?:-v|--version|version)$/.test(verb)
        ? 'version'
        : verb
    if (personality === 'wg' && (asks === verb ? !wgVerbs.test(verb) : args.length > 0)) {
      return await invoke(undefined, invocation(verb, args))
    }
    const load = fast[asks]
    const handler = load ? (await load()).run : await slow().loadHandler(asks)
    return await invoke(handler, invocation(asks, args))
  } catch (error) {
    return fatal(error, personality)
  }
}

const [, , launcher = 'wgq', ...words] = process.argv
start(launcher, words).then((status) => process.exit(status))
