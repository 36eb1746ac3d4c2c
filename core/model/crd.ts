/**
 * zod schema → CustomResourceDefinition.
 *
 * CRDs take structural schemas only: no $ref, no additionalProperties beside properties, no type inside oneOf. zod's
 * `io: 'input'` keeps defaulted fields optional; what is left to strip is noise (safe-integer bounds, date patterns).
 */
import { z } from 'zod'
import { GROUP, type Kind, VERSION } from './kind.ts'
import { RELEASE, RELEASE_ANNOTATION } from './release.ts'

export interface PrinterColumn {
  name: string
  type: 'string' | 'integer' | 'date'
  jsonPath: string
  description?: string
  /** 1: shown by `-o wide` only. */
  priority?: number
}

export interface CrdDefinition {
  kind: Kind
  singular: string
  shortNames: string[]
  description: string
  spec: z.ZodType
  status: z.ZodType
  /** CEL rules on the whole object. No fieldPath: the API server refuses one into metadata, which the schema leaves open. */
  rules?: { rule: string; message: string }[]
  columns: PrinterColumn[]
  selectableFields?: string[]
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string }
}

type Schema = Record<string, unknown>

const MAX_SAFE = Number.MAX_SAFE_INTEGER

function structural(schema: Schema): Schema {
  const out: Schema = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$schema' || key === '$ref' || key === 'additionalProperties') continue
    if (key === 'minimum' && value === -MAX_SAFE) continue
    if (key === 'maximum' && value === MAX_SAFE) continue
    if (key === 'pattern' && schema.format) continue
    out[key] = value
  }
  if (schema.properties) {
    out.properties = Object.fromEntries(
      Object.entries(schema.properties as Record<string, Schema>).map(([name, child]) => [name, structural(child)]),
    )
  }
  if (schema.items) out.items = structural(schema.items as Schema)
  if (schema.additionalProperties && !schema.properties) {
    out.additionalProperties = structural(schema.additionalProperties as Schema)
    out.maxProperties ??= 32
    delete out.propertyNames
  }
  return out
}

const schemaOf = (type: z.ZodType): Schema =>
  structural(z.toJSONSchema(type, { target: 'openapi-3.0', io: 'input', unrepresentable: 'throw' }) as Schema)

/** The CustomResourceDefinition of one kind, ready to be written as YAML. */
export function crdOf(definition: CrdDefinition): Record<string, unknown> {
  const { kind, rules } = definition
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}`, annotations: { [RELEASE_ANNOTATION]: RELEASE } },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: definition.singular,
        shortNames: definition.shortNames,
        categories: ['berth'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: definition.description,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: schemaOf(definition.spec),
                status: schemaOf(definition.status),
              },
              ...(rules ? { 'x-kubernetes-validations': rules } : {}),
            },
          },
          subresources: { status: {}, ...(definition.scale ? { scale: definition.scale } : {}) },
          additionalPrinterColumns: definition.columns,
          ...(definition.selectableFields
            ? { selectableFields: definition.selectableFields.map((jsonPath) => ({ jsonPath })) }
            : {}),
        },
      ],
    },
  }
}
