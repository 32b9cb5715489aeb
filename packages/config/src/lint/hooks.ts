// SPDX-License-Identifier: MIT
import type { Diagnostic } from '../diagnostic.ts'
import type { Setting } from '../settings.ts'
import type { Rule } from './subject.ts'

/** Hooks: a shell syntax error shows only when the hook runs, for PreDown when the tunnel goes down. */
export const hookRules: Rule = (subject, dependencies) => {
  if (subject.purpose === 'setconf') return []
  const { preUp, postUp, preDown, postDown } = subject.settings.hooks
  const hooks = [...preUp, ...postUp, ...preDown, ...postDown].filter(({ value }) => value !== '')
  if (hooks.length === 0) return []
  const faults = new Map(dependencies.shellFaults(hooks.map(({ value }) => value.replaceAll('%i', 'wg0'))))
  return hooks.flatMap((hook, index) => [...syntax(hook, faults.get(index)), ...characters(hook)])
}

const syntax = (hook: Setting, fault: string | undefined): Diagnostic[] => {
  if (fault === undefined) return []
  const hint = 'a hook is one line of bash; longer ones belong in a script of their own'
  const message = `The shell cannot read this hook: ${fault}`
  return [{ code: 'hook-syntax', severity: 'error', at: hook.at, width: hook.value.length, message, hint }]
}

const characters = (hook: Setting): Diagnostic[] => {
  const found: Diagnostic[] = []
  const quote = /[\u2018\u2019\u201c\u201d]/.exec(hook.value)
  if (quote) {
    const at = { ...hook.at, column: hook.at.column + quote.index }
    const message = 'A typographic quotation mark: the shell takes it for a letter'
    found.push({ code: 'hook-quotes', severity: 'warning', at, message, hint: `write ' or "` })
  }
  const hash = hook.value.indexOf('#')
  if (hash >= 0) {
    const at = { ...hook.at, column: hook.at.column + hash }
    const message = 'wg-quick before 1.0.20250521 cuts a hook here, even inside quotes'
    found.push({ code: 'hook-comment', severity: 'info', at, width: hook.value.length - hash, message })
  }
  return found
}
