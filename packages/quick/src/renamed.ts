// SPDX-License-Identifier: MIT

/** What to say of an interface that was renamed while it was up. */
export const renamedText = (
  name: string,
  now: string,
): { readonly message: string; readonly hint: string } => ({
  message: `${name} is called ${now} now`,
  hint: `\`ip link set ${now} name ${name}\` gives its name back; \`wgq down ${name}\` takes it down under either`,
})
