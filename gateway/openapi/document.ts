/** The parts of an OpenAPI 3.1 document that ours is made of. */

export interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  pattern?: string
  description?: string
  enum?: unknown[]
  const?: unknown
  default?: unknown
  examples?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  allOf?: Schema[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
}

export interface Example {
  $ref?: string
  summary?: string
  value?: unknown
}

export interface Media {
  schema: Schema
  example?: unknown
  examples?: Record<string, Example>
}

export interface Header {
  $ref?: string
  description?: string
  schema?: Schema
  example?: unknown
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  description?: string
  schema: Schema
  example?: unknown
}

export interface Response {
  description: string
  headers?: Record<string, Header>
  content?: Record<string, Media>
}

export interface Operation {
  operationId: string
  summary: string
  description?: string
  tags?: string[]
  security?: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: { required?: boolean; description?: string; content: Record<string, Media> }
  responses: Record<string, Response>
}

export interface ApiDocument {
  openapi: string
  info: { title: string; version: string; description?: string }
  servers?: { url: string }[]
  tags?: { name: string; description?: string }[]
  security?: Record<string, string[]>[]
  components: {
    schemas: Record<string, Schema>
    headers?: Record<string, Header>
    examples?: Record<string, Example>
    securitySchemes?: Record<string, object>
  }
  paths: Record<string, Record<string, Operation>>
}

export interface Located {
  method: string
  path: string
  operation: Operation
}

/** Every operation, in the order of the document. */
export const operationsOf = ({ paths }: Pick<ApiDocument, 'paths'>): Located[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
  )

const SCHEMAS = '#/components/schemas/'

export const schemaRef = (name: string): string => SCHEMAS + name

/** The component that a schema refers to; undefined when it is written in place. */
export const componentOf = ({ $ref }: Schema): string | undefined =>
  $ref?.startsWith(SCHEMAS) ? $ref.slice(SCHEMAS.length) : undefined

/** A schema that is written out: what a reference refers to. */
export function resolve(schema: Schema, schemas: Record<string, Schema>): Schema {
  const name = componentOf(schema)
  return name === undefined ? schema : resolve(schemas[name] ?? {}, schemas)
}

/** The schemas directly below one. */
export const partsOf = (schema: Schema): Schema[] => [
  ...Object.values(schema.properties ?? {}),
  ...(schema.items ? [schema.items] : []),
  ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
  ...(schema.allOf ?? []),
  ...(schema.anyOf ?? []),
  ...(schema.oneOf ?? []),
]
