// SPDX-License-Identifier: MIT
declare module 'ini' {
  /** Sections become objects, dots in their names nest; `true`, `false` and `null` become what they say. */
  export const parse: (text: string) => Record<string, unknown>
}
