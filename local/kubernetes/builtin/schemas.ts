/** The schemas of the built-in kinds, as a real kube-apiserver publishes them (see generate.ts). */
import { readFileSync } from 'node:fs'
import type { Json } from '../object.ts'
import { linkSchemas } from '../schema.ts'

/** As published: `#/components/schemas`, by name. */
export const definitions = JSON.parse(readFileSync(new URL('schemas.json', import.meta.url), 'utf8')) as Record<
  string,
  Json
>

/** The linked schema of a definition. */
export const schemaOf = linkSchemas(definitions)

export const objectMetaSchema = schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')
