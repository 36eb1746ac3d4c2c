/** Why a session is not placed, for people: what is the matter and what to do. */
import type { Reason, TierView, WorkerView } from './snapshot.ts'

export const tenantNotFound = (tenant: string): Reason => ({
  reason: 'TenantNotFound',
  message: `There is no Tenant ${tenant}. Create it, or delete this session; the order does not matter.`,
})

export const tierNotFound = (tenant: string, tier: string): Reason => ({
  reason: 'TierNotFound',
  message: `There is no Tier ${tier}, which Tenant ${tenant} asks for. Create it, or set the tenant's spec.tier to one that exists.`,
})

export const suspended = (tenant: string): Reason => ({
  reason: 'Suspended',
  message: `Tenant ${tenant} is suspended. Set its spec.state to Active to go on; nothing is lost.`,
})

export const stopped: Reason = {
  reason: 'Stopped',
  message: 'Stopped by its spec. Set spec.desiredState to Running to go on; nothing is lost.',
}

export const deleting: Reason = { reason: 'Deleting', message: 'It is being deleted.' }

export const quotaExceeded = (tenant: string, tier: TierView, rank: number): Reason => ({
  reason: 'QuotaExceeded',
  message:
    `Tier ${tier.name} allows ${tier.sessionsPerTenant} sessions, and this is number ${rank} of Tenant ${tenant}. ` +
    'Stop or delete another session, or move the tenant to a tier with a higher limit.',
})

export const nameTaken = (sessionName: string, holder: string): Reason => ({
  reason: 'NameTaken',
  message: `The session ${holder} of the same tenant is called ${sessionName} too. Delete one of them, or create it under another name.`,
})

export const workerFull = (worker: string, tier: TierView): Reason => ({
  reason: 'NoCapacity',
  message:
    `The tenant's worker ${worker} holds ${tier.sessionsPerWorker} sessions, its limit. ` +
    `Raise spec.placement.sessionsPerWorker of Tier ${tier.name}, or stop sessions.`,
})

/** `workers`: those of the tier that count against its limit. */
export function noCapacity(tier: TierView, workers: readonly WorkerView[]): Reason {
  return { reason: 'NoCapacity', message: `No worker of Tier ${tier.name} is free. ${remedyFor(tier, workers)}` }
}

function remedyFor({ name, workers: { max, replicas } }: TierView, workers: readonly WorkerView[]): string {
  const starting = workers.filter(({ phase }) => phase === 'Starting')
  const troubled = starting.find(({ trouble }) => trouble !== undefined)
  if (troubled && starting.every(({ trouble }) => trouble))
    return `Worker ${troubled.name} does not start: ${troubled.trouble}.`
  if (starting.length > 0) return 'One is starting; nothing to do.'
  const existing = workers.length
  if (existing < (replicas ?? max)) return 'One is being made; nothing to do.'
  if (replicas === undefined)
    return `The tier has ${existing} of at most ${max}: raise spec.workers.max of Tier ${name}.`
  return replicas < max
    ? `The tier is scaled by hand to ${replicas}: kubectl scale tier/${name} --replicas=${replicas + 1}.`
    : `The tier is scaled by hand to ${replicas}, its most: raise spec.workers.max of Tier ${name}, then scale it.`
}
