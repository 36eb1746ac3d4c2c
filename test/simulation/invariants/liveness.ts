/** What has to come true when nothing is broken any more: every session is where it should be, or says why it is not. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import type { Surroundings } from '../surroundings.ts'

/** What is not as it should be; empty: all is. `runs`: does this boot's process run? */
export function missing({ api, postgres }: Surroundings, runs: (boot: string) => boolean): string[] {
  const sessions = api.list<WhatsAppSession>('whatsappsessions')
  const { tables } = postgres
  const wrongWith = (session: WhatsAppSession): string | undefined => {
    const { metadata, spec, status } = session
    if (metadata.deletionTimestamp) return 'is still being deleted'
    const ready = getCondition(status?.conditions, 'Ready')
    if (!ready) return 'says nothing of itself'
    const tenant = api.find<Tenant>('tenants', spec.tenant)
    const owner = tables.ownership.owners.get(status?.id ?? '')
    const { placement } = status ?? {}
    if (reasonAgainst(session, tenant)) {
      if (placement) return 'is placed, and should not be'
      return owner?.holder ? 'is held, and should not be' : undefined
    }
    if (!placement) return isExcused(ready.reason, tenant!) ? undefined : `is not placed, for ${ready.reason}`
    if (placement.worker !== tenant?.status?.worker) return 'is not on the worker of its tenant'
    const worker = api.find<Worker>('workers', placement.worker)
    if (worker?.status?.podUID !== placement.podUID) return 'is placed on a pod that is no more'
    if (!owner?.holder)
      return ready.reason === 'NoCapacity' && isExcused(ready.reason, tenant) ? undefined : 'is not claimed'
    if (!runs(owner.holder) || owner.podUID !== placement.podUID) return 'is held by the wrong boot'
    const state = tables.states.get(status!.id!)
    if (state?.state === 'LoggedOut') return undefined
    return ready.status === 'True' ? undefined : `is not ready: ${ready.reason}, ${state?.state}`
  }
  const isExcused = (reason: string, tenant: Tenant): boolean => {
    const tier = api.find<Tier>('tiers', tenant.spec.tier)!
    const own = sessions.filter(({ metadata, spec }) => {
      return spec.tenant === tenant.metadata.name && spec.desiredState === 'Running' && !metadata.deletionTimestamp
    })
    if (reason === 'DataRetained') return true
    if (reason === 'Pending') return tenant.metadata.deletionTimestamp !== undefined
    if (reason === 'QuotaExceeded') return own.length > tier.spec.limits.sessionsPerTenant
    const workers = api.list<Worker>('workers').filter(({ spec }) => spec.tier === tier.metadata.name)
    const most = tier.spec.workers.replicas ?? tier.spec.workers.max
    return reason === 'NoCapacity' && workers.length >= most
  }
  const left = api.list<Tenant>('tenants').flatMap(({ metadata }) => {
    const isEmpty = !sessions.some(({ spec }) => spec.tenant === metadata.name)
    return metadata.deletionTimestamp && isEmpty ? [`tenant ${metadata.name} is still being deleted`] : []
  })
  return [
    ...sessions.flatMap((session) => {
      const wrong = wrongWith(session)
      return wrong ? [`session ${session.metadata.name} ${wrong}`] : []
    }),
    ...left,
  ]
}

/** Does anything but want of room speak against its running? */
const reasonAgainst = ({ spec }: WhatsAppSession, tenant: Tenant | undefined): boolean =>
  !tenant || tenant.spec.state === 'Suspended' || spec.desiredState === 'Stopped'
