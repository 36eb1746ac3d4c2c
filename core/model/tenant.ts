/** Tenant: one customer. */
import { z } from 'zod'
import type { ObjectMeta } from './meta.ts'
import { Conditions, crd } from './meta.ts'
import { isNameInCel } from './names.ts'

export const DevicePolicy = z
  .enum(['Logout', 'Keep'])
  .describe('Logout: the phone no longer lists this device. Keep: it stays linked')
export const DataPolicy = z.enum(['Erase', 'Retain']).describe('Retain: keys and messages stay in the database')

export const OnDelete = z
  .object({ device: DevicePolicy.default('Logout'), data: DataPolicy.default('Erase') })
  .describe('What becomes of the device and the data when a session is deleted')
export type OnDelete = z.infer<typeof OnDelete>

export const TenantSpec = z.object({
  tier: crd(z.string().min(1).max(63), {
    'x-kubernetes-validations': [
      {
        rule: isNameInCel('self'),
        message: "write the tier's resource name, in lower case, for example pro",
      },
    ],
  }).describe('Name of the Tier that the customer bought'),
  displayName: z.string().max(128).optional().describe('The name of the customer, for people'),
  state: z
    .enum(['Active', 'Suspended'])
    .default('Active')
    .describe('Suspended: all sessions are stopped, nothing is lost'),
  onDelete: OnDelete.default({ device: 'Logout', data: 'Erase' }),
})
export type TenantSpec = z.infer<typeof TenantSpec>

export const TenantStatus = z.object({
  observedGeneration: z.int().min(0).optional(),
  id: z.string().max(36).optional().describe('Our own id of the tenant, in the database and the API'),
  worker: z.string().max(253).optional().describe('The worker where its sessions belong'),
  sessions: z
    .object({
      desired: z.int().min(0).describe('Sessions that should run'),
      connected: z.int().min(0),
      limit: z.int().min(0).describe('What the tier allows'),
    })
    .optional(),
  conditions: Conditions.optional(),
})
export type TenantStatus = z.infer<typeof TenantStatus>

/** Rules on the whole object; a tenant's name becomes the prefix of resource names, so it must not hold a dot. */
export const tenantRules = [
  {
    rule: isNameInCel('self.metadata.name'),
    message: "a tenant's name is at most 63 of a-z, 0-9 and '-', without a dot, for example acme-shop",
  },
]

export interface Tenant {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
  spec: TenantSpec
  status?: TenantStatus
}
