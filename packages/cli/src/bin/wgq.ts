// SPDX-License-Identifier: MIT
import type { Handler, Invocation, Personality } from '../command.ts'
import { fatal } from '../fatal.ts'
import { programName } from '../program-name.ts'
import { loadHandler } from './main.ts'

// Verbs that scripts call often: the bundler makes a small file for each, loaded on demand.
const fast = new Map<string, () => Promise<{ run: Handler }>>([
  ['genkey', () => import('../verbs/genkey.ts')],
  ['genpsk', () => import('../verbs/genkey.ts')],
  ['pubkey', () => import('../verbs/pubkey.ts')],
  ['show', () => import('../verbs/show.ts')],
  ['showconf', () => import('../verbs/showconf.ts')],
  ['set', () => import('../verbs/set.ts')],
  ['setconf', () => import('../verbs/setconf.ts')],
  ['addconf', () => import('../verbs/setconf.ts')],
  ['syncconf', () => import('../verbs/setconf.ts')],
  ['strip', () => import('../verbs/strip.ts')],
])

const wgVerbs = /^(?:show|showconf|set|setconf|addconf|syncconf|genkey|genpsk|pubkey)$/
const aliases = new Map([
  ['-h', 'help'],
  ['--help', 'help'],
  ['-v', 'version'],
  ['--version', 'version'],
])

const personalityOf = (launcher: string): Personality => {
  const name = launcher.slice(launcher.lastIndexOf('/') + 1)
  return name === 'wg' || name === 'wg-quick' ? name : 'wgq'
}

/** The handler of a verb; undefined for a word that is none. */
const handlerOf = async (verb: string): Promise<Handler | undefined> => {
  const load = fast.get(verb)
  return load ? (await load()).run : loadHandler(verb)
}

/** The verb of a command line; `unknown` where `wg` has no such verb (spec wg §1). */
const verbOf = (personality: Personality, words: readonly string[]): string => {
  const [word] = words
  if (personality === 'wg-quick') return stripsAsRoot(words) ? 'strip' : 'wg-quick'
  if (word === undefined) return personality === 'wg' ? 'show' : 'help'
  const verb = aliases.get(word) ?? word
  if (personality !== 'wg' || wgVerbs.test(verb)) return verb
  return (verb === 'help' || verb === 'version') && words.length === 1 ? verb : 'unknown'
}

/**
 * `wg-quick strip NAME` called by root, as scripts do on every reload; the other verbs of wg-quick are not
 * time-critical.
 */
const stripsAsRoot = (words: readonly string[]): boolean =>
  words[0] === 'strip' && words.length === 2 && process.geteuid?.() === 0

/** Detects `wgq VERB --help`, with the option anywhere before a `--`; `wg` has its own rules (spec wg §1). */
const asksForHelp = ([verb = '-', ...rest]: readonly string[]): boolean => {
  const end = rest.indexOf('--')
  return (
    !verb.startsWith('-') && (rest[0] === '-h' || rest.slice(0, end < 0 ? undefined : end).includes('--help'))
  )
}

const start = async (launcher: string, words: readonly string[]): Promise<number> => {
  const personality = personalityOf(launcher)
  try {
    if (personality === 'wgq' && asksForHelp(words))
      return start(launcher, ['help', ...words.slice(0, 2).filter((word) => !word.startsWith('-'))])
    const verb = verbOf(personality, words)
    const handler = await handlerOf(verb)
    const invocation: Invocation = {
      personality,
      verb: handler && verb !== 'unknown' ? verb : (words[0] ?? ''),
      args: verb === 'wg-quick' ? words : words.slice(1),
      // Searching PATH takes time, and few runs print the name.
      get program() {
        return programName(launcher)
      },
    }
    return await (handler ?? ((await handlerOf('unknown')) as Handler))(invocation)
  } catch (error) {
    return fatal(error, personality)
  }
}

// Node would open its inspector on SIGUSR1 and let any client run code as root. Launchers cover the time before this
// line.
process.on('SIGUSR1', () => {})

const [, , launcher = 'wgq', ...words] = process.argv
start(launcher, words).then((status) => process.exit(status))
