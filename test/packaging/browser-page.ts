// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { workspace } from '../support/workspace.ts'
import { missing } from './packages.ts'

/** A browser that can be run without a screen, WGQ_BROWSER where it is set; undefined where none is installed. */
export const browser =
  process.env['WGQ_BROWSER'] ??
  ['chromium', 'chromium-browser', 'google-chrome'].find((name) => !missing(name))

/** Bundles a module of a folder for browsers, as a project of somebody else would; returns the file. */
export const bundleForBrowsers = (entry: string, out: string): string => {
  const words = ['--bundle', '--platform=browser', '--format=esm', '--log-level=warning', `--outfile=${out}`]
  const done = spawnSync(join(workspace, 'node_modules/.bin/esbuild'), [entry, ...words], {
    encoding: 'utf8',
  })
  if (done.status !== 0 || done.stderr) throw new Error(done.stderr)
  return out
}

/** Opens a page with a script in the browser; returns its document once the script is through. */
export const documentOf = (folder: string, script: string): string => {
  const page = join(folder, 'page.html')
  writeFileSync(page, `<!doctype html><meta charset="utf-8"><body><script type="module">${script}</script>`)
  const words = ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=10000', '--dump-dom']
  const profile = `--user-data-dir=${join(folder, 'profile')}`
  const done = spawnSync(browser as string, [...words, profile, pathToFileURL(page).href], {
    encoding: 'utf8',
  })
  if (done.status !== 0) throw new Error(done.stderr)
  return done.stdout
}
