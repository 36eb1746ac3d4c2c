/** Why a tenant, a worker or a tier is as it is: its conditions, what they come from, and who is concerned. Pure. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import type { Event } from '@berth/core/model/builtin.ts'
import type { Condition } from '@berth/core/model/meta.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { adviceOn } from '../advice.ts'
import { byLastSeen, type EventRecord, eventRecord } from '../events.ts'
import { sessionRecord, summaryOf, workerRecord } from '../records.ts'

export interface Overview {
  name: string
  reason: string
  /** What is the matter, and what to do. */
  message: string
  /** By a word, a sentence about it. */
  facts: Record<string, string>
  conditions: Condition[]
  workers: ReturnType<typeof workerLine>[]
  sessions: ReturnType<typeof sessionLine>[]
  history: EventRecord[]
}

export function explainTier(tier: Tier, workers: readonly Worker[], events: Event[]): Overview {
  const { spec, status } = tier
  const own = workers.filter((worker) => worker.spec.tier === tier.metadata.name)
  const { min, max, spare, replicas } = spec.workers
  const size = replicas === undefined ? `automatic, ${min} to ${max}, ${spare} to spare` : `by hand, ${replicas}`
  const { workers: count = 0, readyWorkers = 0, wantedWorkers = count, tenants = 0, sessions = 0 } = status ?? {}
  return {
    ...headOf(tier, events),
    facts: {
      Workers: `${count}, of which ${readyWorkers} are ready; ${wantedWorkers} wanted (${size})`,
      Scaling: said(tier, 'ScalingActive'),
      Update: said(tier, 'Progressing'),
      Customers: `${tenants} tenants, ${spec.placement.tenantsPerWorker} to a worker; ${sessions} sessions placed`,
    },
    workers: own.map(workerLine),
    sessions: [],
  }
}

export function explainWorker(
  worker: Worker,
  tier: Tier | undefined,
  sessions: readonly WhatsAppSession[],
  events: Event[],
): Overview {
  const { spec, status } = worker
  const { load, capacity } = status ?? {}
  const here = sessions.filter((session) => session.status?.placement?.worker === worker.metadata.name)
  const tenants = new Set(here.map((session) => session.spec.tenant))
  return {
    ...headOf(worker, events),
    facts: {
      Tier: tier ? `${spec.tier}: ${said(tier, 'ScalingActive')}` : `${spec.tier}, which does not exist`,
      ...(spec.tenant ? { Tenant: `${spec.tenant}, whose own it is` } : {}),
      Desired: spec.desiredState + (worker.metadata.deletionTimestamp ? ', and to be deleted when nobody is left' : ''),
      Node: status?.node ?? 'none so far',
      Holds:
        `${tenants.size} tenants with ${here.length} sessions` +
        (capacity ? `, of at most ${capacity.tenants} and ${capacity.sessions}` : ''),
      Load: load
        ? `${load.percentOfTarget} % of what its tier allows: ${load.messagesPerSecond} messages a second, event loop ` +
          `${load.loopLagMs} ms late, ${load.memoryPercent} % of its memory`
        : 'not measured so far',
    },
    workers: [],
    sessions: here.filter(isConcerned).map(sessionLine),
  }
}

export function explainTenant(
  tenant: Tenant,
  tier: Tier | undefined,
  worker: Worker | undefined,
  sessions: readonly WhatsAppSession[],
  events: Event[],
): Overview {
  const { spec, status } = tenant
  const { desired = 0, connected = 0, limit = 0 } = status?.sessions ?? {}
  const state = worker ? summaryOf(worker) : undefined
  return {
    ...headOf(tenant, events),
    facts: {
      State: spec.state,
      Tier: tier ? spec.tier : `${spec.tier}, which does not exist`,
      Sessions: `${desired} should run, of at most ${limit}; ${connected} are connected`,
      Worker: status?.worker
        ? `${status.worker}${state ? `. ${state.reason}: ${state.message}` : ', which is gone'}`
        : 'none: it has nothing to run, or waits for one',
    },
    workers: worker ? [workerLine(worker)] : [],
    sessions: sessions.filter((session) => session.spec.tenant === tenant.metadata.name).map(sessionLine),
  }
}

type Explained = Tenant | Tier | Worker

const headOf = (object: Explained, events: Event[]) => {
  const { name, uid } = object.metadata
  const { reason, message } = summaryOf(object)
  const own = events.filter(({ involvedObject }) => involvedObject.uid === uid)
  const history = byLastSeen(own, (event) => event).map(eventRecord)
  return { name, reason, message, conditions: object.status?.conditions ?? [], history }
}

const said = ({ status }: Tier, type: string): string => {
  const condition = getCondition(status?.conditions, type)
  return condition ? `${condition.reason}: ${condition.message}` : 'The operator has not said it yet.'
}

const workerLine = (worker: Worker) => {
  const { name, desiredState, tenants, tenantLimit, node, reason, message } = workerRecord(worker)
  return { name, desiredState, tenants, tenantLimit, load: worker.status?.load?.percentOfTarget, node, reason, message }
}

const sessionLine = (session: WhatsAppSession) => {
  const record = sessionRecord(session)
  const { name, tenant, worker, reason, message } = record
  return { name, tenant, worker, reason, message, advice: adviceOn(reason, record).remedy }
}

const isConcerned = (session: WhatsAppSession): boolean => adviceOn(sessionRecord(session).reason).concern !== 'fine'
