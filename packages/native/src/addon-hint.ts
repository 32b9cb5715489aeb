// SPDX-License-Identifier: MIT

/**
 * What to do if the addon cannot be loaded, depending on how wgq was installed in `folder`: by npm, from a checkout, or
 * as a distribution's package.
 */
export const addonHint = (folder: string): string => {
  const other = otherRuntime()
  if (other) return `wgq needs Node.js 20.19 or newer, this is ${other}`
  const system = `${process.platform}-${process.arch}${libc()}, Node.js ${process.versions.node}`
  if (/[\\/](dist[\\/]lib|packages[\\/]native[\\/]\w+)$/.test(folder))
    return `run scripts/setup, which builds it for this system (${system})`
  if (folder.includes('node_modules'))
    return `npm install wgq brings the addon for this system (${system}) as an optional package; \`make addon\` in the release archive builds one where there is none`
  return `install the wgq package for this system (${system}), or build the addon: \`make addon\` in the release archive`
}

/** Bun and Deno load some Node addons, but bring a different OpenSSL or none. */
const otherRuntime = (): string | undefined => {
  const { bun, deno } = process.versions as Record<string, string | undefined>
  return bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : undefined
}

const libc = (): string => {
  if (process.platform !== 'linux') return ''
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  const glibc = report?.header?.glibcVersionRuntime
  return glibc ? ` with glibc ${glibc}` : ' with musl'
}
