/** CustomResourceDefinitions: what makes one valid, its status, and the resources that it defines. */
import type { Cause } from './api-error.ts'
import { objectMetaSchema } from './builtin/schemas.ts'
import { compile } from './cel.ts'
import { type PrinterColumn, printerColumns } from './columns.ts'
import { invalidValue } from './names.ts'
import { asArray, asRecord, isRecord, type Json, type KubeObject, timestamp } from './object.ts'
import { type Resource, type ScalePaths, VERBS } from './resource.ts'
import { type Schema, valueSchema } from './schema.ts'

interface CrdNames {
  plural: string
  singular?: string
  kind: string
  listKind?: string
  shortNames?: string[]
  categories?: string[]
}

interface CrdVersion {
  name: string
  served: boolean
  storage: boolean
  schema?: { openAPIV3Schema?: Json }
  subresources?: { status?: Json; scale?: ScalePaths }
  additionalPrinterColumns?: PrinterColumn[]
  selectableFields?: { jsonPath: string }[]
}

interface CrdSpec {
  group: string
  scope: string
  names: CrdNames
  versions: CrdVersion[]
}

function specOf(crd: KubeObject): CrdSpec {
  return crd.spec as CrdSpec
}

/** Fills in names and sets the status: a definition is served as soon as it is stored. Changes the CRD. */
export function completeCrd(crd: KubeObject, old: KubeObject | undefined): void {
  const spec = asRecord(crd.spec)
  const names = asRecord(spec.names)
  if (typeof names.kind !== 'string') return
  names.singular ??= names.kind.toLowerCase()
  names.listKind ??= `${names.kind}List`
  spec.conversion ??= { strategy: 'None' }
  const known = asArray(asRecord(old?.status).conditions).filter(isRecord)
  const condition = (type: string, reason: string, message: string) => {
    const since = known.find((entry) => entry.type === type)?.lastTransitionTime ?? timestamp()
    return { type, status: 'True', reason, message, lastTransitionTime: since }
  }
  const stored = asArray(spec.versions).filter((version) => asRecord(version).storage === true)
  crd.status = {
    acceptedNames: structuredClone(names),
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    storedVersions: stored.map((version) => asRecord(version).name),
  }
}

export function crdCauses(crd: KubeObject): Cause[] {
  const { group, names, versions, scope } = specOf(crd)
  const causes: Cause[] = []
  const wanted = `${names.plural}.${group}`
  if (crd.metadata.name !== wanted) {
    causes.push(invalidValue('metadata.name', crd.metadata.name, `must be spec.names.plural+"."+spec.group`))
  }
  if (scope !== 'Namespaced' && scope !== 'Cluster') {
    const message = `Unsupported value: ${JSON.stringify(scope)}: supported values: "Cluster", "Namespaced"`
    causes.push({ reason: 'FieldValueNotSupported', message, field: 'spec.scope' })
  }
  if (versions.filter((version) => version.storage).length !== 1) {
    causes.push(invalidValue('spec.versions', '', 'must have exactly one version marked as storage version'))
  }
  for (const [index, version] of versions.entries()) {
    const path = `spec.versions[${index}].schema.openAPIV3Schema`
    const schema = version.schema?.openAPIV3Schema
    if (schema) causes.push(...schemaCauses(schema as Schema, path))
    else causes.push({ reason: 'FieldValueRequired', message: 'Required value: schemas are required', field: path })
  }
  return causes
}

/** The mistakes in a schema that would only show later: rules that aren't CEL, patterns that aren't any. */
function schemaCauses(schema: Schema, path: string): Cause[] {
  const causes: Cause[] = []
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    for (const field of ['rule', 'messageExpression'] as const) {
      const expression = rule[field]
      const problem = expression === undefined ? undefined : problemOf(() => compile(expression))
      const at = `${path}.x-kubernetes-validations[${index}].${field}`
      if (problem) causes.push(invalidValue(at, expression, `compilation failed: ${problem}`))
    }
  }
  const { pattern } = schema
  if (pattern !== undefined) {
    const problem = problemOf(() => new RegExp(pattern.replace(/^\(\?i\)/, ''), 'u'))
    if (problem) causes.push(invalidValue(`${path}.pattern`, pattern, problem))
  }
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    causes.push(...schemaCauses(child, `${path}.properties[${name}]`))
  }
  if (schema.items) causes.push(...schemaCauses(schema.items, `${path}.items`))
  const free = valueSchema(schema)
  if (free) causes.push(...schemaCauses(free, `${path}.additionalProperties`))
  return causes
}

function problemOf(compileIt: () => unknown): string | undefined {
  try {
    compileIt()
    return undefined
  } catch (error) {
    return (error as Error).message.split('\n')[0]
  }
}

/** The resources that a stored CRD defines: one for each served version, the storage version first. */
export function resourcesOf(crd: KubeObject): Resource[] {
  const { group, names, scope, versions } = specOf(crd)
  const served = versions.filter((version) => version.served)
  served.sort((a, b) => Number(b.storage) - Number(a.storage))
  return served.map((version) => {
    const schema = (version.schema?.openAPIV3Schema ?? { type: 'object' }) as Schema
    const { status, scale } = version.subresources ?? {}
    return {
      group,
      version: version.name,
      plural: names.plural,
      singular: names.singular ?? names.kind.toLowerCase(),
      kind: names.kind,
      listKind: names.listKind ?? `${names.kind}List`,
      namespaced: scope === 'Namespaced',
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      verbs: VERBS,
      hasStatus: status !== undefined,
      ...(scale ? { scale } : {}),
      isCustom: true,
      requiresVersion: true,
      schema: withMetadata(schema, group, version.name, names.kind),
      definition: {
        name: `${group.split('.').reverse().join('.')}.${version.name}.${names.kind}`,
        schema: publishedSchema(schema, group, version.name, names.kind),
      },
      columns: printerColumns(version.additionalPrinterColumns),
      selectable: [
        'metadata.name',
        'metadata.namespace',
        ...(version.selectableFields ?? []).map((field) => field.jsonPath.replace(/^\./, '')),
      ],
      nameSyntax: 'subdomain',
    }
  })
}

/** The schema with what every object has. */
function withMetadata(schema: Schema, group: string, version: string, kind: string): Schema {
  const typeMeta: Record<string, Schema> = {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: objectMetaSchema,
  }
  return {
    ...schema,
    properties: { ...schema.properties, ...typeMeta },
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  }
}

function publishedSchema(schema: Schema, group: string, version: string, kind: string): Json {
  const reference = '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
  return {
    ...schema,
    properties: {
      apiVersion: {
        type: 'string',
        description: 'APIVersion defines the versioned schema of this representation of an object.',
      },
      kind: {
        type: 'string',
        description: 'Kind is a string value representing the REST resource this object represents.',
      },
      metadata: { description: 'Standard object metadata.', allOf: [{ $ref: reference }] },
      ...Object.fromEntries(
        Object.entries(schema.properties ?? {}).filter(([name]) => !['apiVersion', 'kind', 'metadata'].includes(name)),
      ),
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  }
}
