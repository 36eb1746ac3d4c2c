/** The built-in kinds: those that Berth uses, and no others. */
import { badRequest } from './api-error.ts'
import { definitions, schemaOf } from './builtin/schemas.ts'
import {
  CONFIG_MAP_COLUMNS,
  CRD_COLUMNS,
  EVENT_COLUMNS,
  LEASE_COLUMNS,
  NAME_AND_AGE,
  NAMESPACE_COLUMNS,
  PDB_COLUMNS,
  POD_COLUMNS,
  SECRET_COLUMNS,
} from './columns.ts'
import { completeCrd, crdCauses } from './crds.ts'
import { dataKeyCauses, requiredValue } from './names.ts'
import { asRecord, isRecord, type KubeObject, valueAt } from './object.ts'
import { completePod, podCauses } from './pods.ts'
import { type Resource, VERBS } from './resource.ts'

type Own = Partial<Resource> & Pick<Resource, 'kind' | 'plural' | 'columns'>

function builtin(definition: string, own: Own): Resource {
  return {
    group: '',
    version: 'v1',
    singular: own.kind.toLowerCase(),
    listKind: `${own.kind}List`,
    namespaced: true,
    shortNames: [],
    categories: [],
    verbs: VERBS,
    hasStatus: false,
    isCustom: false,
    schema: schemaOf(definition),
    definition: { name: definition, schema: definitions[definition]! },
    nameSyntax: 'subdomain',
    ...own,
    selectable: ['metadata.name', 'metadata.namespace', ...(own.selectable ?? [])],
  }
}

export const NAMESPACES = builtin('io.k8s.api.core.v1.Namespace', {
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
  shortNames: ['ns'],
  verbs: VERBS.filter((verb) => verb !== 'deletecollection'),
  hasStatus: true,
  nameSyntax: 'label',
  columns: NAMESPACE_COLUMNS,
  selectable: ['status.phase'],
  complete: completeNamespace,
})

export const PODS = builtin('io.k8s.api.core.v1.Pod', {
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  hasStatus: true,
  columns: POD_COLUMNS,
  selectable: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
  ],
  complete: completePod,
  check: podCauses,
})

export const CRDS = builtin('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition', {
  group: 'apiextensions.k8s.io',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  requiresVersion: true,
  namespaced: false,
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  hasStatus: true,
  columns: CRD_COLUMNS,
  complete: completeCrd,
  check: crdCauses,
})

export const BUILTINS: Resource[] = [
  NAMESPACES,
  PODS,
  CRDS,
  builtin('io.k8s.api.core.v1.ConfigMap', {
    kind: 'ConfigMap',
    plural: 'configmaps',
    shortNames: ['cm'],
    columns: CONFIG_MAP_COLUMNS,
    check: (object) => dataKeyCauses(object, ['data', 'binaryData']),
  }),
  builtin('io.k8s.api.core.v1.Secret', {
    kind: 'Secret',
    plural: 'secrets',
    columns: SECRET_COLUMNS,
    selectable: ['type'],
    complete: completeSecret,
    check: (object) => dataKeyCauses(object, ['data']),
  }),
  builtin('io.k8s.api.core.v1.Event', {
    kind: 'Event',
    plural: 'events',
    createsOnUpdate: true,
    shortNames: ['ev'],
    columns: EVENT_COLUMNS,
    selectable: [
      ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
        (field) => `involvedObject.${field}`,
      ),
      'reason',
      'reportingComponent',
      'source',
      'type',
    ],
    complete: completeEvent,
    check: (event) => (isRecord(event.involvedObject) ? [] : [requiredValue('involvedObject')]),
  }),
  builtin('io.k8s.api.core.v1.ServiceAccount', {
    kind: 'ServiceAccount',
    plural: 'serviceaccounts',
    shortNames: ['sa'],
    columns: NAME_AND_AGE,
  }),
  builtin('io.k8s.api.coordination.v1.Lease', {
    group: 'coordination.k8s.io',
    kind: 'Lease',
    plural: 'leases',
    requiresVersion: true,
    createsOnUpdate: true,
    complete: (lease) => {
      checkMicroTime(lease, ['spec', 'renewTime'])
      checkMicroTime(lease, ['spec', 'acquireTime'])
    },
    columns: LEASE_COLUMNS,
  }),
  builtin('io.k8s.api.policy.v1.PodDisruptionBudget', {
    group: 'policy',
    kind: 'PodDisruptionBudget',
    plural: 'poddisruptionbudgets',
    requiresVersion: true,
    shortNames: ['pdb'],
    hasStatus: true,
    columns: PDB_COLUMNS,
    complete: (budget) => {
      const none = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }
      budget.status = { ...none, ...asRecord(budget.status) }
    },
  }),
]

/** Every namespace carries its own name as a label, so that selectors can find it. */
function completeNamespace(namespace: KubeObject): void {
  const { metadata } = namespace
  metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name }
  namespace.spec = { finalizers: ['kubernetes'], ...asRecord(namespace.spec) }
  const phase = metadata.deletionTimestamp ? 'Terminating' : 'Active'
  namespace.status = { ...asRecord(namespace.status), phase }
}

function completeSecret(secret: KubeObject): void {
  secret.type ??= 'Opaque'
  if (!isRecord(secret.stringData)) return
  const encoded = Object.entries(secret.stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ])
  secret.data = { ...asRecord(secret.data), ...Object.fromEntries(encoded) }
  delete secret.stringData
}

function completeEvent(event: KubeObject): void {
  checkMicroTime(event, ['eventTime'])
  event.reportingComponent ??= ''
  event.reportingInstance ??= ''
}

/** Kubernetes reads some times only with microseconds, and clients must not get used to less. */
function checkMicroTime(object: KubeObject, path: string[]): void {
  const time = valueAt(object, path)
  if (time === undefined || time === null || /^[^.]+\.\d{6}(Z|[+-]\d\d:\d\d)$/.test(String(time))) return
  const { kind } = object
  throw badRequest(
    `${kind} in version "v1" cannot be handled as a ${kind}: parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05.000000Z07:00": it needs microseconds`,
  )
}
