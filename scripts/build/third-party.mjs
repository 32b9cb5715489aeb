// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Licences that a bundled package may have. */
const accepted = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', '(MIT OR Apache-2.0)'])

/**
 * Returns the npm packages whose code is in the bundles, sorted by name, from the bundler's list of inputs. Throws for
 * a package without a licence text or with a licence that is not accepted.
 * @param {string} root of the repository
 * @returns {{ name: string, version: string, license: string, text: string }[]}
 */
export const thirdParty = (root) => {
  const folders = new Set()
  for (const source of JSON.parse(readFileSync(join(root, 'dist/bundled-sources.json'), 'utf8'))) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(source)
    if (match) folders.add(match[1])
  }
  // The addon is compiled against these declarations.
  folders.add('node_modules/node-api-headers')
  return [...folders]
    .map((folder) => {
      const path = join(root, folder)
      const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
      if (!accepted.has(license))
        throw new Error(`${name} ${version} comes under ${license}, which is not accepted`)
      const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry))
      const text = file && existsSync(join(path, file)) ? readFileSync(join(path, file), 'utf8') : undefined
      return { name, version, license, text: text ?? `${license} (the package carries no copy of the text)` }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The licences as one text. */
export const licenceText = (packages) =>
  packages
    .map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text.trim()}\n`)
    .join(`\n${'-'.repeat(78)}\n\n`)

/** A bill of materials in SPDX 2.3 JSON; `created` is an ISO time. */
export const billOfMaterials = (version, packages, created) => {
  const id = (name) => `SPDXRef-${name.replace(/[^A-Za-z0-9.-]/g, '-')}`
  const entry = (name, number, license) => ({
    SPDXID: id(name),
    name,
    versionInfo: number,
    downloadLocation: 'NOASSERTION',
    licenseConcluded: license,
    licenseDeclared: license,
    copyrightText: 'NOASSERTION',
    filesAnalyzed: false,
  })
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `wgq-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/wgq-${version}`,
    creationInfo: { created, creators: ['Tool: wgq scripts/package'] },
    packages: [
      entry('wgq', version, 'MIT'),
      ...packages.map(({ name, version: number, license }) => ({
        ...entry(name, number, license),
        externalRefs: [
          {
            referenceCategory: 'PACKAGE-MANAGER',
            referenceType: 'purl',
            referenceLocator: `pkg:npm/${name.replace('@', '%40')}@${number}`,
          },
        ],
      })),
    ],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: id('wgq') },
      ...packages.map(({ name }) => ({
        spdxElementId: id('wgq'),
        relationshipType: 'CONTAINS',
        relatedSpdxElement: id(name),
      })),
    ],
  }
}
