/** Carries out what people do, as they would with kubectl; what makes no sense just now is refused, and they leave it. */
import { KubeError } from '@berth/core/kube/error.ts'
import { SessionSpec } from '@berth/core/model/session.ts'
import { TenantSpec } from '@berth/core/model/tenant.ts'
import { TierSpec } from '@berth/core/model/tier.ts'
import type { KubeApi } from './kubernetes/api.ts'
import type { KubeObject } from './kubernetes/object.ts'
import type { Deed, Who } from './script.ts'

const PEOPLE = 'people'
const GROUP = 'berth.dev/v1alpha1'

/** Small enough for slots and quotas to run out. */
const TIERS = [
  { name: 'basic', mode: 'Shared', tenantsPerWorker: 3, quota: 2, spare: 0, max: 4, price: '0' },
  { name: 'pro', mode: 'Shared', tenantsPerWorker: 2, quota: 3, spare: 1, max: 4, price: '29' },
  { name: 'max', mode: 'Dedicated', tenantsPerWorker: 1, quota: 3, spare: 1, max: 5, price: '99' },
] as const

export class People {
  readonly #api: KubeApi
  readonly #podAt: (who: Who) => string | undefined

  /** `podAt`: the name of the pod that is meant. */
  constructor(api: KubeApi, podAt: (who: Who) => string | undefined) {
    this.#api = api
    this.#podAt = podAt
  }

  createTiers(): void {
    for (const { name, mode, tenantsPerWorker, quota, spare, max, price } of TIERS) {
      const spec = TierSpec.parse({
        displayName: name,
        price: { amount: price, currency: 'USD' },
        sla: 'simulated',
        limits: {
          sessionsPerTenant: quota,
          requestsPerMinute: 60,
          messagesPerHour: 60,
          webhookEndpoints: 1,
          retentionDays: 1,
        },
        placement: { mode, tenantsPerWorker },
        workers: { spare, max },
        drain: { graceSeconds: 8 },
        update: { maxSurge: 1, maxMoving: 1, deadlineSeconds: 15, failureThreshold: 2 },
        scaleDown: { stabilizationSeconds: 5 },
      })
      this.#create('tiers', 'Tier', name, spec)
    }
  }

  /** False: it could not be done. */
  do(deed: Deed): boolean {
    try {
      this.#carryOut(deed)
      return true
    } catch (error) {
      if (error instanceof KubeError) return false
      throw error
    }
  }

  #carryOut(deed: Deed): void {
    switch (deed.do) {
      case 'create tenant':
        this.#create('tenants', 'Tenant', deed.tenant, TenantSpec.parse({ tier: deed.tier }))
        break
      case 'delete tenant':
        this.#delete('tenants', deed.tenant)
        break
      case 'change tier':
        this.#change('tenants', deed.tenant, { tier: deed.tier })
        break
      case 'suspend':
        this.#change('tenants', deed.tenant, { state: 'Suspended' })
        break
      case 'resume':
        this.#change('tenants', deed.tenant, { state: 'Active' })
        break
      case 'create session': {
        const { session, tenant, data, device } = deed
        const spec = SessionSpec.parse({ tenant, onDelete: { data, device } })
        this.#create('whatsappsessions', 'WhatsAppSession', session, spec)
        break
      }
      case 'delete session':
        this.#delete('whatsappsessions', deed.session)
        break
      case 'stop':
        this.#change('whatsappsessions', deed.session, { desiredState: 'Stopped' })
        break
      case 'start':
        this.#change('whatsappsessions', deed.session, { desiredState: 'Running' })
        break
      case 'scale':
        this.#change('tiers', deed.tier, { workers: { replicas: deed.replicas } })
        break
      case 'change template':
        this.#change('tiers', deed.tier, { workers: { template: { image: deed.image } } })
        break
      case 'delete pod':
        this.#delete('pods', this.#podAt(deed.worker) ?? '')
        break
      case 'delete worker':
        this.#delete('workers', this.#podAt(deed.worker) ?? '')
        break
      default: {
        const desiredState = { cordon: 'Cordoned', drain: 'Drained', uncordon: 'Active' }[deed.do]
        this.#change('workers', this.#podAt(deed.worker) ?? '', { desiredState })
      }
    }
  }

  #create(plural: string, kind: string, name: string, spec: object): void {
    const object = { apiVersion: GROUP, kind, metadata: { name }, spec } as KubeObject
    this.#api.create(plural, object, PEOPLE)
  }

  #change(plural: string, name: string, spec: object): void {
    this.#api.patch(plural, name, { spec }, false, PEOPLE)
  }

  #delete(plural: string, name: string): void {
    this.#api.delete(plural, name, {}, PEOPLE)
  }
}
