// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { workspace } from './workspace.ts'

interface Schema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

/** Supported keywords; a schema with any other is refused, so that nothing passes unchecked. */
const known = new Set([
  '$ref',
  '$defs',
  '$schema',
  '$id',
  'title',
  'description',
  'type',
  'enum',
  'const',
  'pattern',
  'minimum',
  'maximum',
  'required',
  'properties',
  'additionalProperties',
  'items',
  'anyOf',
  'minItems',
])

/** Checks a value against a published schema (docs/schema/NAME.json); returns the faults as paths with reasons. */
export const schemaFaults = (name: string, value: unknown): string[] => {
  const root = JSON.parse(readFileSync(join(workspace, 'docs/schema', `${name}.json`), 'utf8')) as Schema
  return faults(root, value, '', root)
}

const faults = (schema: Schema, value: unknown, path: string, root: Schema): string[] => {
  const strange = Object.keys(schema).filter((keyword) => !known.has(keyword))
  if (strange.length > 0)
    return [`${path}: the schema uses ${strange.join(', ')}, which this check does not know`]
  if (schema.$ref !== undefined) {
    const target = root.$defs?.[schema.$ref.replace('#/$defs/', '')]
    return target ? faults(target, value, path, root) : [`${path}: ${schema.$ref} is not defined`]
  }
  if (schema.anyOf?.every((option) => faults(option, value, path, root).length > 0))
    return [`${path}: fits none of the choices`]
  const found: string[] = []
  const types = schema.type === undefined ? [] : [schema.type].flat()
  if (types.length > 0 && !types.some((type) => isOfType(value, type as string)))
    return [`${path}: expected ${types.join(' or ')}, found ${JSON.stringify(value)}`]
  if (schema.enum && !schema.enum.includes(value))
    found.push(`${path}: ${JSON.stringify(value)} is not one of ${schema.enum.join(', ')}`)
  if (schema.pattern !== undefined && typeof value === 'string' && !new RegExp(schema.pattern).test(value))
    found.push(`${path}: does not match ${schema.pattern}`)
  if (typeof value === 'number' && (value < (schema.minimum ?? value) || value > (schema.maximum ?? value)))
    found.push(`${path}: ${value} is out of range`)
  if (Array.isArray(value) && schema.items)
    for (const [index, item] of value.entries())
      found.push(...faults(schema.items, item, `${path}/${index}`, root))
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    found.push(...objectFaults(schema, value as Record<string, unknown>, path, root))
  return found
}

const objectFaults = (
  schema: Schema,
  value: Record<string, unknown>,
  path: string,
  root: Schema,
): string[] => {
  const found = (schema.required ?? [])
    .filter((name) => !(name in value))
    .map((name) => `${path}: ${name} is missing`)
  for (const [name, item] of Object.entries(value)) {
    const property = schema.properties?.[name]
    if (property) found.push(...faults(property, item, `${path}/${name}`, root))
    else if (schema.additionalProperties === false) found.push(`${path}: ${name} is not in the schema`)
    else if (typeof schema.additionalProperties === 'object')
      found.push(...faults(schema.additionalProperties, item, `${path}/${name}`, root))
  }
  return found
}

const isOfType = (value: unknown, type: string): boolean => {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}
