// SPDX-License-Identifier: MIT

/** The publisher of a build, named in packages and recipes, therefore required to build them. */
const variables = {
  name: ['DEBFULLNAME', 'the name of the maintainer'],
  email: ['DEBEMAIL', 'the address for questions and reports'],
  homepage: ['WGQ_HOMEPAGE', 'the page of the project, below which releases/ holds the archives'],
}

/**
 * Reads the publisher from the environment (DEBFULLNAME, DEBEMAIL, WGQ_HOMEPAGE). Throws an Error that names missing
 * required variables.
 * @param {readonly (keyof typeof variables)[]} asked
 * @returns {Record<keyof typeof variables, string | undefined>}
 */
export const publisher = (asked) => {
  const missing = asked.filter((field) => !process.env[variables[field][0]])
  if (missing.length > 0)
    throw new Error(
      `set ${missing.map((field) => `${variables[field][0]} (${variables[field][1]})`).join(', ')}`,
    )
  return Object.fromEntries(Object.entries(variables).map(([field, [name]]) => [field, process.env[name]]))
}
