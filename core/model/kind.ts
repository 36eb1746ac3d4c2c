/** What the Kubernetes API needs to know of a kind of object, and the kinds that Berth uses. */
import type {
  ConfigMap,
  CustomResourceDefinition,
  Deployment,
  Event,
  Lease,
  Node,
  Pod,
  PodDisruptionBudget,
  Secret,
} from './builtin.ts'
import type { KubeObject } from './meta.ts'
import type { WhatsAppSession } from './session.ts'
import type { Tenant } from './tenant.ts'
import type { Tier } from './tier.ts'
import type { Worker } from './worker.ts'

/** The API group of Berth's own resources. The domain must be owned before a public release. */
export const GROUP = 'berth.dev'
export const VERSION = 'v1alpha1'

export interface Kind<T extends KubeObject = KubeObject> {
  /** '' for the core group. */
  group: string
  version: string
  plural: string
  kind: string
  namespaced: boolean
  /** Carries T; never set. */
  readonly type?: T
}

const own = <T extends KubeObject>(kind: string, plural: string): Kind<T> => ({
  group: GROUP,
  version: VERSION,
  plural,
  kind,
  namespaced: true,
})

export const TierKind = own<Tier>('Tier', 'tiers')
export const TenantKind = own<Tenant>('Tenant', 'tenants')
export const SessionKind = own<WhatsAppSession>('WhatsAppSession', 'whatsappsessions')
export const WorkerKind = own<Worker>('Worker', 'workers')

const builtin = <T extends KubeObject>(group: string, kind: string, plural: string): Kind<T> => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced: true,
})

export const PodKind = builtin<Pod>('', 'Pod', 'pods')
export const ConfigMapKind = builtin<ConfigMap>('', 'ConfigMap', 'configmaps')
export const SecretKind = builtin<Secret>('', 'Secret', 'secrets')
export const EventKind = builtin<Event>('', 'Event', 'events')
export const LeaseKind = builtin<Lease>('coordination.k8s.io', 'Lease', 'leases')
export const BudgetKind = builtin<PodDisruptionBudget>('policy', 'PodDisruptionBudget', 'poddisruptionbudgets')
export const DeploymentKind = builtin<Deployment>('apps', 'Deployment', 'deployments')
export const ServiceAccountKind = builtin('', 'ServiceAccount', 'serviceaccounts')

export const clusterWide = <T extends KubeObject>(group: string, kind: string, plural: string): Kind<T> => ({
  ...builtin(group, kind, plural),
  namespaced: false,
})

export const NodeKind = clusterWide<Node>('', 'Node', 'nodes')
export const NamespaceKind = clusterWide('', 'Namespace', 'namespaces')
export const CrdKind = clusterWide<CustomResourceDefinition>(
  'apiextensions.k8s.io',
  'CustomResourceDefinition',
  'customresourcedefinitions',
)

/** 'v1' or 'group/version', as in an object's apiVersion. */
export const apiVersionOf = (kind: Kind): string => (kind.group ? `${kind.group}/${kind.version}` : kind.version)
