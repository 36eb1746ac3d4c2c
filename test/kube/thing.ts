/** A custom resource with something of everything that schemas can say. */
import type { Cluster, Json } from './cluster.ts'

export const GROUP = 'suite.berth.dev'
export const API_VERSION = `${GROUP}/v1`

const condition = {
  type: 'object',
  required: ['type', 'status'],
  properties: {
    type: { type: 'string' },
    status: { type: 'string' },
    reason: { type: 'string' },
    lastTransitionTime: { type: 'string', format: 'date-time' },
  },
}

const hook = {
  type: 'object',
  required: ['url'],
  properties: {
    url: { type: 'string' },
    retries: { type: 'integer', default: 2 },
    events: { type: 'array', items: { type: 'string' } },
  },
}

const spec = {
  type: 'object',
  description: 'What is wanted',
  required: ['tenant'],
  'x-kubernetes-validations': [
    { rule: '!has(self.limit) || self.limit <= 100', message: 'limit must be at most 100' },
    {
      rule: '!has(self.limit) || self.limit != 13',
      messageExpression: "'limit of ' + self.tenant + ' is unlucky'",
      reason: 'FieldValueForbidden',
      fieldPath: '.limit',
    },
    {
      rule: "!has(self.state) || self.state == 'Active' || oldSelf.hasValue()",
      message: 'must start as Active',
      optionalOldSelf: true,
    },
  ],
  properties: {
    tenant: {
      type: 'string',
      minLength: 1,
      maxLength: 20,
      description: 'Whose it is',
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'tenant is immutable' }],
    },
    replicas: { type: 'integer', format: 'int32', default: 1, minimum: 0 },
    limit: { type: 'integer', minimum: 1 },
    state: { type: 'string', enum: ['Active', 'Suspended'], default: 'Active' },
    ratio: { type: 'number', maximum: 1, exclusiveMaximum: true },
    port: { 'x-kubernetes-int-or-string': true },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    code: { type: 'string', pattern: '^[a-z]+$', nullable: true },
    at: { type: 'string', format: 'date-time' },
    tags: { type: 'array', maxItems: 3, 'x-kubernetes-list-type': 'set', items: { type: 'string', maxLength: 10 } },
    steps: { type: 'array', items: { type: 'string' } },
    labels: { type: 'object', maxProperties: 2, additionalProperties: { type: 'string' } },
    point: {
      type: 'object',
      'x-kubernetes-map-type': 'atomic',
      properties: { x: { type: 'integer' }, y: { type: 'integer' } },
    },
    inner: {
      type: 'object',
      properties: {
        a: { type: 'string' },
        b: { type: 'string' },
        deep: { type: 'object', properties: { c: { type: 'integer', default: 3 } } },
      },
    },
    hooks: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['url'], items: hook },
  },
}

const status = {
  type: 'object',
  'x-kubernetes-validations': [
    { rule: '!has(oldSelf.epoch) || (has(self.epoch) && self.epoch >= oldSelf.epoch)', message: 'epoch never falls' },
  ],
  properties: {
    phase: { type: 'string' },
    worker: { type: 'string' },
    epoch: { type: 'integer', format: 'int64' },
    replicas: { type: 'integer' },
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: condition,
    },
  },
}

/** Of its own too: kubectl gives up on a category when one of its definitions goes meanwhile. */
export const categoryOf = (plural: string): string => `all-${plural}`

/** The definition under a plural of its own, so that test files don't share objects on a real cluster. */
export function thingCrd(plural: string): Json {
  const kind = plural.charAt(0).toUpperCase() + plural.slice(1, -1)
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        plural,
        singular: plural.slice(0, -1),
        kind,
        shortNames: [`x${plural}`],
        categories: [categoryOf(plural)],
      },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
          },
          selectableFields: [{ jsonPath: '.spec.tenant' }, { jsonPath: '.status.worker' }],
          additionalPrinterColumns: [
            { name: 'Tenant', type: 'string', jsonPath: '.spec.tenant', description: 'Whose it is' },
            { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
            { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: 'A thing',
              required: ['spec'],
              properties: { spec, status },
            },
          },
        },
      ],
    },
  }
}

/** Things of one test file. */
export interface Things {
  plural: string
  kind: string
  namespace: string
  /** Path of the list, or of one object and its subresource. */
  path(name?: string, subresource?: string): string
  make(name: string, spec: Json, metadata?: Json): Json
  status(name: string, status: Json): Json
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** Installs the definition and waits until it is served. */
export async function installThings(cluster: Cluster, plural: string, namespace: string): Promise<Things> {
  const crd = thingCrd(plural)
  const name = `${plural}.${GROUP}`
  const { code, body } = await cluster.apply(`${CRDS}/${name}`, 'suite', crd, true)
  if (code > 201) throw new Error(`the definition was refused: ${JSON.stringify(body)}`)
  const list = `/apis/${API_VERSION}/namespaces/${namespace}/${plural}`
  await cluster.until(list, (answer) => answer.code === 200)
  const kind = plural.charAt(0).toUpperCase() + plural.slice(1, -1)
  return {
    plural,
    kind,
    namespace,
    path: (object, subresource) => [list, object, subresource].filter((part) => part !== undefined).join('/'),
    make: (object, spec, metadata = {}) => ({
      apiVersion: API_VERSION,
      kind,
      metadata: { name: object, ...metadata },
      spec,
    }),
    status: (object, value) => ({ apiVersion: API_VERSION, kind, metadata: { name: object }, status: value }),
  }
}

export async function removeThings(cluster: Cluster, things: Things): Promise<void> {
  await cluster.delete(`${CRDS}/${things.plural}.${GROUP}`)
}
