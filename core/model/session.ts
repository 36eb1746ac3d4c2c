/** WhatsAppSession: one linked account of one tenant. */
import { z } from 'zod'
import type { ObjectMeta } from './meta.ts'
import { Conditions, crd } from './meta.ts'
import { isNameInCel } from './names.ts'
import { DataPolicy, DevicePolicy } from './tenant.ts'

const immutable = (what: string) => ({
  'x-kubernetes-validations': [
    { rule: 'self == oldSelf', message: `${what} can't be changed: delete this session and create another one` },
  ],
})

export const Linking = crd(
  z.object({
    method: z.enum(['QR']).default('QR').describe('How the phone is linked'),
    attempt: z.int().min(0).default(0).describe('Raise it to link again, after a logout or to change the phone'),
  }),
  {
    'x-kubernetes-validations': [
      { rule: 'self.attempt >= oldSelf.attempt', message: 'attempt only goes up: write a higher number than before' },
    ],
  },
)
export type Linking = z.infer<typeof Linking>

export const SessionSpec = z.object({
  tenant: crd(z.string().min(1).max(63), {
    'x-kubernetes-validations': [
      ...immutable('the tenant')['x-kubernetes-validations'],
      {
        rule: isNameInCel('self'),
        message: "write the tenant's resource name, in lower case, for example acme-shop",
      },
    ],
  }).describe('Name of the Tenant that owns the session'),
  provider: crd(z.enum(['Baileys', 'CloudAPI']).default('Baileys'), immutable('the provider')).describe(
    "Baileys: a linked phone. CloudAPI: a number of Meta's Cloud API, which is connected by the API",
  ),
  desiredState: z.enum(['Running', 'Stopped']).default('Running').describe('Stopped: no connection, nothing is lost'),
  linking: Linking.default({ method: 'QR', attempt: 0 }),
  onDelete: z
    .object({ device: DevicePolicy.optional(), data: DataPolicy.optional() })
    .optional()
    .describe("Without it the tenant's own choice"),
  adopt: crd(z.string().max(36), {
    'x-kubernetes-validations': [
      {
        rule: "self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",
        message: 'write the id (a UUID) that the deleted session had',
      },
    ],
  })
    .optional()
    .describe('Id of a deleted session whose retained data this one takes over'),
})
export type SessionSpec = z.infer<typeof SessionSpec>

/**
 * What a session is doing, as its worker sees it.
 * WaitingForScan (no phone yet; no connection either, unless somebody wants a code) → Connecting → Connected;
 * Degraded while it is connected and nothing that it sends is confirmed; Disconnected between tries; LoggedOut, Banned, UsedElsewhere and Failed need a person.
 */
export const ConnectionState = z.enum([
  'Connecting',
  'WaitingForScan',
  'Connected',
  'Degraded',
  'Disconnected',
  'Stopped',
  'LoggedOut',
  'Banned',
  'UsedElsewhere',
  'Failed',
])
export type ConnectionState = z.infer<typeof ConnectionState>

export const Placement = z.object({
  worker: z.string().min(1).max(253).describe('The worker that should hold the session'),
  podUID: z.string().min(1).max(36),
  generation: z.int().min(1).describe('Raised by every move'),
  boundAt: z.iso.datetime(),
  awaited: z
    .object({
      state: z.enum(['Claimed', 'Connected']).describe('What it was before, and has to be again'),
      revision: z.string().max(16).describe('Of the template for whose sake it was moved'),
      since: z.iso.datetime().describe('When it was moved'),
    })
    .optional()
    .describe('A rolling update has moved it, and waits for it before it moves more'),
})
export type Placement = z.infer<typeof Placement>

export const Connection = z.object({
  state: ConnectionState,
  since: z.iso.datetime(),
  reason: z.string().max(64).optional().describe('One word: why it is so'),
  message: z.string().max(1024).optional().describe('One sentence for people: why, and what to do'),
  attempt: z.int().min(0).optional().describe('Tries since the last success'),
  phoneNumber: z.string().max(20).optional().describe('E.164 with +'),
  lid: z.string().max(64).optional().describe("WhatsApp's other id of the account"),
  epoch: z.int().min(0).describe('The claim under which this was written'),
})
export type Connection = z.infer<typeof Connection>

export const SessionStatus = z.object({
  observedGeneration: z.int().min(0).optional(),
  id: z.string().max(36).optional().describe('Our own id of the session, in the database'),
  placement: crd(Placement, {
    'x-kubernetes-validations': [
      { rule: 'self.generation >= oldSelf.generation', message: 'the generation of a placement never falls' },
      {
        rule: 'self.generation > oldSelf.generation || (self.worker == oldSelf.worker && self.podUID == oldSelf.podUID)',
        message: 'another worker needs a higher generation',
      },
    ],
  }).optional(),
  connection: crd(Connection, {
    'x-kubernetes-validations': [
      { rule: 'self.epoch >= oldSelf.epoch', message: 'the epoch of a connection never falls' },
    ],
  }).optional(),
  conditions: Conditions.optional(),
})
export type SessionStatus = z.infer<typeof SessionStatus>

/** Rules on the whole object; the API's session name is the resource name without the tenant's prefix. */
export const sessionRules = [
  {
    rule: "self.metadata.name.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",
    message: "a session's name is at most 63 of a-z, 0-9 and '-', for example support, or acme.support",
  },
  {
    rule: "!self.metadata.name.contains('.') || self.metadata.name.startsWith(self.spec.tenant + '.')",
    message: "what stands before the dot must be the tenant's name, for example acme.support for spec.tenant: acme",
  },
  {
    rule:
      '!has(self.spec.adopt) || !has(self.status) || !has(self.status.id) || self.status.id == self.spec.adopt || ' +
      '(has(oldSelf.spec.adopt) && oldSelf.spec.adopt == self.spec.adopt)',
    message: 'this session has data of its own: delete it and create it again with spec.adopt',
  },
]

export interface WhatsAppSession {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
  spec: SessionSpec
  status?: SessionStatus
}
