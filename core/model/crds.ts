/** The definitions behind crds/*.yaml: columns, short names and rules of each resource. */
import type { CrdDefinition } from './crd.ts'
import { SessionKind, TenantKind, TierKind, WorkerKind } from './kind.ts'
import { SessionSpec, SessionStatus, sessionRules } from './session.ts'
import { TenantSpec, TenantStatus, tenantRules } from './tenant.ts'
import { TierSpec, TierStatus } from './tier.ts'
import { WorkerSpec, WorkerStatus } from './worker.ts'

const condition = (type: string, field: 'status' | 'reason' | 'message') =>
  `.status.conditions[?(@.type=="${type}")].${field}`
const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' } as const
const ready = { name: 'Ready', type: 'string', jsonPath: condition('Ready', 'status') } as const
const reason = { name: 'Reason', type: 'string', jsonPath: condition('Ready', 'reason') } as const

export const definitions: CrdDefinition[] = [
  {
    kind: TierKind,
    singular: 'tier',
    shortNames: [],
    description: 'What a customer bought: limits, price, and how its workers are shared.',
    spec: TierSpec,
    status: TierStatus,
    columns: [
      { name: 'Mode', type: 'string', jsonPath: '.spec.placement.mode' },
      { name: 'Price', type: 'string', jsonPath: '.spec.price.amount' },
      { name: 'Currency', type: 'string', jsonPath: '.spec.price.currency' },
      {
        name: 'Limit',
        type: 'integer',
        jsonPath: '.spec.limits.sessionsPerTenant',
        description: 'Sessions a tenant may have',
      },
      { name: 'Tenants', type: 'integer', jsonPath: '.status.tenants' },
      { name: 'Workers', type: 'integer', jsonPath: '.status.workers' },
      {
        name: 'Wanted',
        type: 'integer',
        jsonPath: '.status.wantedWorkers',
        description: 'Workers that there should be',
      },
      { name: 'Ready', type: 'integer', jsonPath: '.status.readyWorkers', description: 'Workers that are ready' },
      {
        name: 'Updated',
        type: 'integer',
        jsonPath: '.status.updatedWorkers',
        description: 'Workers whose pods have the template as it is now',
      },
      { name: 'Sessions', type: 'integer', jsonPath: '.status.sessions' },
      { name: 'Connected', type: 'integer', jsonPath: '.status.connectedSessions' },
      {
        name: 'Update',
        type: 'string',
        jsonPath: condition('Progressing', 'reason'),
        description: 'How far the rolling update of the template is',
      },
      {
        name: 'Scaling',
        type: 'string',
        jsonPath: condition('ScalingActive', 'reason'),
        description: 'Who decides on the number of workers, or what stands in the way',
      },
      age,
      { name: 'Why', type: 'string', jsonPath: condition('ScalingActive', 'message'), priority: 1 },
      { name: 'Message', type: 'string', jsonPath: condition('Progressing', 'message'), priority: 1 },
    ],
    scale: {
      specReplicasPath: '.spec.workers.replicas',
      statusReplicasPath: '.status.workers',
      labelSelectorPath: '.status.selector',
    },
  },
  {
    kind: TenantKind,
    singular: 'tenant',
    shortNames: ['ten'],
    description: 'One customer.',
    spec: TenantSpec,
    status: TenantStatus,
    rules: tenantRules,
    columns: [
      { name: 'Tier', type: 'string', jsonPath: '.spec.tier' },
      { name: 'State', type: 'string', jsonPath: '.spec.state' },
      { name: 'Sessions', type: 'integer', jsonPath: '.status.sessions.desired' },
      { name: 'Connected', type: 'integer', jsonPath: '.status.sessions.connected' },
      { name: 'Limit', type: 'integer', jsonPath: '.status.sessions.limit' },
      { name: 'Worker', type: 'string', jsonPath: '.status.worker' },
      ready,
      { ...reason, priority: 1 },
      age,
    ],
  },
  {
    kind: SessionKind,
    singular: 'whatsappsession',
    shortNames: ['wa'],
    description: 'One linked WhatsApp account of one tenant.',
    spec: SessionSpec,
    status: SessionStatus,
    rules: sessionRules,
    columns: [
      { name: 'Tenant', type: 'string', jsonPath: '.spec.tenant' },
      { name: 'Phone', type: 'string', jsonPath: '.status.connection.phoneNumber' },
      { name: 'State', type: 'string', jsonPath: '.status.connection.state' },
      reason,
      { name: 'Worker', type: 'string', jsonPath: '.status.placement.worker' },
      ready,
      age,
      { name: 'Message', type: 'string', jsonPath: condition('Ready', 'message'), priority: 1 },
    ],
    selectableFields: ['.spec.tenant', '.status.placement.worker'],
  },
  {
    kind: WorkerKind,
    singular: 'worker',
    shortNames: ['wkr'],
    description: 'One pod that runs sessions. Made by the operator; delete it to drain and remove it.',
    spec: WorkerSpec,
    status: WorkerStatus,
    columns: [
      { name: 'Tier', type: 'string', jsonPath: '.spec.tier' },
      { name: 'Tenant', type: 'string', jsonPath: '.spec.tenant', description: 'Set when it is dedicated' },
      { name: 'Desired', type: 'string', jsonPath: '.spec.desiredState' },
      { name: 'Tenants', type: 'integer', jsonPath: '.status.tenants' },
      { name: 'Placed', type: 'integer', jsonPath: '.status.sessions.placed' },
      { name: 'Connected', type: 'integer', jsonPath: '.status.sessions.connected' },
      {
        name: 'Load',
        type: 'integer',
        jsonPath: '.status.load.percentOfTarget',
        description: 'How busy it is, in percent of what its tier allows',
      },
      ready,
      reason,
      { name: 'Node', type: 'string', jsonPath: '.status.node', priority: 1 },
      { name: 'Template', type: 'string', jsonPath: '.status.templateRevision', priority: 1 },
      age,
      { name: 'Message', type: 'string', jsonPath: condition('Ready', 'message'), priority: 1 },
    ],
  },
]
