// SPDX-License-Identifier: MIT

/** Who publishes a build: named in packages and recipes, so asked for when they are made. */
const variables = {
  name: ['DEBFULLNAME', 'the name of the maintainer'],
  email: ['DEBEMAIL', 'the address for questions and reports'],
  homepage: ['WGQ_HOMEPAGE', 'the page of the project, below which releases/ holds the archives'],
}

/**
 * What the environment says of the publisher (DEBFULLNAME, DEBEMAIL, WGQ_HOMEPAGE). Throws an Error that names what is
 * missing of what is asked for.
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
