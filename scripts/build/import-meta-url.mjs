// SPDX-License-Identifier: MIT
// Stands for import.meta.url in CommonJS bundles; esbuild injects it only where it is used.
import { pathToFileURL } from 'node:url'

export const importMetaUrl = pathToFileURL(__filename).href
