// SPDX-License-Identifier: MIT

/** The functions that our sources import of modules that Node has not loaded at its own start. */
const functions = {
  'node:os': ['endianness', 'networkInterfaces', 'release', 'tmpdir'],
  'node:timers/promises': ['setImmediate', 'setTimeout'],
}
const constants = `export const constants = {
  get dlopen() { return require('node:os').constants.dlopen },
  get errno() { return require('node:os').constants.errno },
  get priority() { return require('node:os').constants.priority },
  get signals() { return require('node:os').constants.signals },
}`

/**
 * In the bundles these modules are loaded when something of them is first used: node:os takes 0.3 ms at each start,
 * node:timers/promises 0.2. The build fails if a source of ours imports what is not listed here.
 * @type {import('esbuild').Plugin}
 */
export const lateBuiltins = {
  name: 'late-builtins',
  setup(builder) {
    builder.onResolve({ filter: /^node:(?:os|timers\/promises)$/ }, ({ path, importer }) =>
      /[/]packages[/][a-z]+[/]src[/]/.test(importer) ? { path, namespace: 'late' } : { path, external: true },
    )
    builder.onLoad({ filter: /./, namespace: 'late' }, ({ path }) => {
      const wrappers = functions[/** @type {keyof typeof functions} */ (path)].map(
        (name) => `export const ${name} = (...words) => require('${path}').${name}(...words)`,
      )
      return { contents: [...wrappers, ...(path === 'node:os' ? [constants] : [])].join('\n') }
    })
  },
}
