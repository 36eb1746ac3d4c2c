/**
 * What the tests of each field need to know beyond its schema: another valid value, where a change of it shows, and what is
 * refused, or accepted and told of as trouble. A field without an entry fails the tests.
 */
import { type Kind, SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { Part } from '../operator/end-state.ts'
import { MISSING_IMAGE } from '../operator/fake-node.ts'

export interface Entry {
  /** Another valid value than that of the base. */
  other?: unknown
  /** What has to be set with it. */
  along?: Record<string, unknown>
  /** What has to be set with the greatest value. */
  roomy?: Record<string, unknown>
  /** The operator sets it, nobody else. */
  byOperator?: boolean
  /** What differs in the end from a base installation, beside the spec itself. */
  shows: readonly Part[]
  /** Values beyond the bounds of the schema, and the words of the refusal. */
  refused?: readonly (readonly [unknown, RegExp])[]
  /** A value that the API can't know to be wrong: which condition of which resource tells of it. Nothing moves for it. */
  trouble?: { value: unknown; along?: Record<string, unknown>; kind: Kind; condition: string; reason: string }
  /** It can't be taken back: the words of the refusal. */
  oneWay?: RegExp
}

/** Fields with children: only what a removal does is to be tried. */
const parent = { shows: [] } satisfies Entry

const MIRROR = ['mirror'] as const
const PODS = ['pods', 'mirror'] as const
/** Of another number of workers. */
const STAFF = ['tiers', 'workers', 'pods', 'mirror'] as const

const tier: Record<string, Entry> = {
  displayName: { other: 'Other', shows: MIRROR },
  price: parent,
  'price.amount': {
    other: '45.50',
    shows: MIRROR,
    refused: [
      ['12,50', /write a decimal/],
      ['free', /write a decimal/],
    ],
  },
  'price.currency': { other: 'EUR', shows: MIRROR, refused: [['usd', /three letters of ISO 4217/]] },
  sla: { other: 'another promise', shows: MIRROR },
  limits: parent,
  'limits.sessionsPerTenant': { other: 1, shows: ['tiers', 'tenants', 'sessions', 'workers', 'mirror'] },
  'limits.requestsPerMinute': { other: 7, shows: MIRROR },
  'limits.messagesPerHour': { other: 7, shows: MIRROR },
  'limits.messagesPerMinute': { other: 7, shows: MIRROR },
  'limits.messagesPerMinutePerChat': { other: 7, shows: MIRROR },
  'limits.webhookEndpoints': { other: 0, shows: MIRROR },
  'limits.retentionDays': { other: 7, shows: MIRROR },
  'limits.mediaBytes': { other: 2_000_000, shows: MIRROR },
  placement: parent,
  'placement.mode': {
    other: 'Dedicated',
    along: { 'placement.tenantsPerWorker': null },
    shows: ['workers', 'mirror'],
    refused: [['Dedicated', /a dedicated worker holds one tenant/]],
  },
  'placement.tenantsPerWorker': { other: 3, shows: ['workers', 'mirror'] },
  'placement.sessionsPerWorker': { other: 500, shows: ['workers', 'mirror'] },
  workers: parent,
  'workers.min': { other: 2, roomy: { 'workers.max': 1000 }, shows: STAFF, refused: [[4, /min must not exceed max/]] },
  'workers.max': { other: 2, shows: ['mirror', 'tiers'] },
  'workers.spare': { other: 1, shows: STAFF },
  'workers.replicas': {
    other: 2,
    roomy: { 'workers.max': 1000 },
    shows: STAFF,
    refused: [[4, /raise spec.workers.max first/]],
  },
  'workers.template': parent,
  'workers.template.cpu': {
    other: '250m',
    shows: PODS,
    refused: [
      ['lots', /write CPUs/],
      ['-1', /write CPUs/],
    ],
  },
  'workers.template.memory': {
    other: '512Mi',
    shows: PODS,
    refused: [
      ['768', /with its unit/],
      ['0Mi', /with its unit/],
    ],
  },
  'workers.template.image': {
    other: 'berth/worker:other',
    shows: PODS,
    refused: [
      ['', /without spaces/],
      ['berth worker', /without spaces/],
    ],
    trouble: {
      value: MISSING_IMAGE,
      along: { 'update.deadlineSeconds': 1 },
      kind: TierKind,
      condition: 'Progressing',
      reason: 'WorkersNotReady',
    },
  },
  'workers.template.nodeSelector': {
    other: { disk: 'ssd' },
    shows: PODS,
    refused: [[{ disk: 7 }, /must be of type string/]],
  },
  drain: parent,
  'drain.graceSeconds': { other: 60, shows: PODS },
  'drain.maxMoving': { other: 3, shows: MIRROR },
  update: parent,
  'update.maxSurge': { other: 2, shows: MIRROR },
  'update.maxMoving': { other: 3, shows: MIRROR },
  'update.deadlineSeconds': { other: 60, shows: MIRROR },
  'update.failureThreshold': { other: 5, shows: MIRROR },
  scaleDown: parent,
  'scaleDown.stabilizationSeconds': { other: 1, shows: MIRROR },
  scaling: parent,
  'scaling.targetMessagesPerSecond': { other: 7, shows: MIRROR },
  'scaling.targetLoopLagMs': { other: 700, shows: MIRROR },
  'scaling.targetMemoryPercent': { other: 70, shows: MIRROR },
}

/** Shown by a deletion only. */
const onDelete: Record<string, Entry> = {
  onDelete: parent,
  'onDelete.device': { other: 'Logout', shows: [] },
  'onDelete.data': { other: 'Retain', shows: [] },
}

const tenant: Record<string, Entry> = {
  tier: {
    other: 'x-other',
    shows: ['mirror', 'pods', 'tiers', 'workers'],
    refused: [['PRO', /in lower case/]],
    trouble: { value: 'x-none', kind: TenantKind, condition: 'Ready', reason: 'TierNotFound' },
  },
  displayName: { other: 'Other', shows: MIRROR },
  state: { other: 'Suspended', shows: ['tiers', 'tenants', 'workers', 'pods', 'sessions', 'mirror'] },
  ...onDelete,
}

const session: Record<string, Entry> = {
  tenant: { shows: [], refused: [['x-other', /can't be changed: delete this session/]] },
  provider: { shows: [], refused: [['CloudAPI', /can't be changed/]] },
  desiredState: { other: 'Stopped', shows: ['tiers', 'tenants', 'workers', 'sessions', 'mirror'] },
  linking: parent,
  'linking.method': { shows: [] },
  'linking.attempt': { other: 1, shows: [], oneWay: /attempt only goes up/ },
  ...onDelete,
  adopt: {
    shows: [],
    refused: [
      ['an old one', /write the id/],
      ['00000000-0000-4000-8000-000000000001', /has data of its own/],
    ],
  },
}

const worker: Record<string, Entry> = {
  tier: { byOperator: true, shows: [], refused: [['x-other', /can't be changed/]] },
  tenant: { byOperator: true, shows: [] },
  desiredState: { other: 'Cordoned', shows: ['workers'] },
}

export const table: readonly [Kind, Record<string, Entry>][] = [
  [TierKind, tier],
  [TenantKind, tenant],
  [SessionKind, session],
  [WorkerKind, worker],
]
