/** Why a session is not placed, for people: what is the matter and what to do. */
import type { Reason, TierView } from './snapshot.ts'

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

/** `coming`: workers that are starting; `existing`: all that count against the limit. */
export function noCapacity(tier: TierView, coming: number, existing: number): Reason {
  const { max, replicas } = tier.workers
  const limit = replicas ?? max
  const remedy =
    coming > 0
      ? 'One is starting; nothing to do.'
      : existing < limit
        ? 'One is being made; nothing to do.'
        : replicas === undefined
          ? `The tier has ${existing} of at most ${max}: raise spec.workers.max of Tier ${tier.name}.`
          : replicas < max
            ? `The tier is scaled by hand to ${replicas}: kubectl scale tier/${tier.name} --replicas=${replicas + 1}.`
            : `The tier is scaled by hand to ${replicas}, its most: raise spec.workers.max of Tier ${tier.name}, then scale it.`
  return { reason: 'NoCapacity', message: `No worker of Tier ${tier.name} is free. ${remedy}` }
}
