/** Schemas of the API document as TypeScript types. Pure. */
import { componentOf, type Schema } from './document.ts'

const COLUMNS = 112

/** A comment for what follows. */
export function comment(text: string | undefined): string {
  if (!text) return ''
  const lines = text.trim().replaceAll('*/', '*\\/').split('\n').flatMap(wrap)
  if (lines.length === 1) return `/** ${lines[0]} */\n`
  return `/**\n${lines.map((line) => ` *${line && ` ${line}`}\n`).join('')} */\n`
}

/** A line as several that are not too long; what belongs to an item of a list is indented. */
function wrap(line: string): string[] {
  const indent = line.startsWith('- ') ? '  ' : ''
  const lines: string[] = []
  let rest = line
  while (rest.length > COLUMNS) {
    const end = rest.lastIndexOf(' ', COLUMNS)
    if (end <= indent.length) break
    lines.push(rest.slice(0, end))
    rest = indent + rest.slice(end + 1)
  }
  return [...lines, rest]
}

const isName = (text: string): boolean => /^[a-z_$][\w$]*$/i.test(text)
const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : JSON.stringify(value)

/** The item of a page, when that is what a schema is. */
function pageItem({ properties = {} }: Schema): Schema | undefined {
  const { data, nextCursor, ...others } = properties
  return data?.items && nextCursor && Object.keys(others).length === 0 ? data.items : undefined
}

const PRIMITIVES: Record<string, string> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
}

/** Throws for a schema that it has no type for, so that nothing becomes `any` unseen. */
export function typeOf(schema: Schema): string {
  const name = componentOf(schema)
  if (name !== undefined) return name
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum) return schema.enum.map(literal).join(' | ')
  if (schema.allOf) return schema.allOf.map((part) => `(${typeOf(part)})`).join(' & ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return choices.map(typeOf).join(' | ')
  if (schema.items) return `(${typeOf(schema.items)})[]`
  const item = pageItem(schema)
  if (item) return `Page<${typeOf(item)}>`
  if (schema.properties) return `{\n${fieldsOf(schema)}}`
  const others = schema.additionalProperties
  if (typeof others === 'object') {
    return `Record<string, ${Object.keys(others).length > 0 ? typeOf(others) : 'unknown'}>`
  }
  const types = [schema.type ?? []].flat().map((type) => PRIMITIVES[type])
  if (types.length === 0 || types.includes(undefined)) throw new Error(`no type for ${JSON.stringify(schema)}`)
  return types.join(' | ')
}

function fieldsOf({ properties = {}, required = [] }: Schema): string {
  const fields = Object.entries(properties).map(([name, field]) => {
    const key = isName(name) ? name : literal(name)
    return `${comment(field.description)}${key}${required.includes(name) ? '' : '?'}: ${typeOf(field)}\n`
  })
  return fields.join('')
}

/** A component as an interface, or as a type where it is no object. */
export function declarationOf(name: string, schema: Schema): string {
  const words = comment(schema.description)
  if (schema.properties) return `${words}export interface ${name} {\n${fieldsOf(schema)}}\n`
  return `${words}export type ${name} = ${typeOf(schema)}\n`
}

/** The type of a page's items; undefined: it is no page. */
export const pageItemType = (schema: Schema): string | undefined => {
  const item = pageItem(schema)
  return item && typeOf(item)
}
