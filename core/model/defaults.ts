/** The three tiers that a new installation starts with. */
import type { Tier, TierSpec } from './tier.ts'
import { TierSpec as TierSchema } from './tier.ts'

const MIB = 1024 * 1024

const tier = (name: string, spec: unknown): Tier => ({
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'Tier',
  metadata: { name },
  spec: TierSchema.parse(spec) satisfies TierSpec,
})

export const defaultTiers: Tier[] = [
  tier('basic', {
    displayName: 'BASIC',
    price: { amount: '0', currency: 'USD' },
    sla: 'best effort',
    limits: {
      sessionsPerTenant: 1,
      requestsPerMinute: 60,
      messagesPerHour: 200,
      webhookEndpoints: 1,
      retentionDays: 7,
      mediaBytes: 16 * MIB,
    },
    placement: { mode: 'Shared', tenantsPerWorker: 50 },
    workers: { spare: 1 },
  }),
  tier('pro', {
    displayName: 'PRO',
    price: { amount: '29', currency: 'USD' },
    sla: '99 %',
    limits: {
      sessionsPerTenant: 5,
      requestsPerMinute: 600,
      messagesPerHour: 2000,
      webhookEndpoints: 5,
      retentionDays: 30,
      mediaBytes: 100 * MIB,
    },
    placement: { mode: 'Shared', tenantsPerWorker: 10 },
    workers: { spare: 1 },
  }),
  tier('max', {
    displayName: 'MAX',
    price: { amount: '99', currency: 'USD' },
    sla: '99.9 %',
    limits: {
      sessionsPerTenant: 20,
      requestsPerMinute: 3000,
      messagesPerHour: 20000,
      webhookEndpoints: 20,
      retentionDays: 90,
      mediaBytes: 500 * MIB,
    },
    placement: { mode: 'Dedicated', tenantsPerWorker: 1 },
    workers: { spare: 1 },
  }),
]
