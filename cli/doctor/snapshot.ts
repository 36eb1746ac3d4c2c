/** What the doctor looks at: every part of the installation asked at once, each with its answer or why there was none. */
import { statfs } from 'node:fs/promises'
import { Berth } from '@berth/client'
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { CustomResourceDefinition, Lease } from '@berth/core/model/builtin.ts'
import { definitions } from '@berth/core/model/crds.ts'
import { CrdKind, type Kind, LeaseKind, SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { OPERATOR_LEASE } from '@berth/local/control-plane.ts'
import { apiError } from '../api-error.ts'
import { explain } from '../error.ts'
import type { Installation } from '../installation.ts'
import type { DatabaseHealth } from '../ownership.ts'

/** An answer, or why there was none. */
export type Answer<T> = { value: T } | { error: string }

export interface GatewayHealth {
  url: string
  ms: number
  /** Of its machine, to the second. */
  now: Date
}

export interface DoctorSnapshot {
  now: Date
  namespace: string
  /** Milliseconds that an answer took. */
  api: Answer<{ ms: number }>
  /** By plural name. */
  crds: Answer<Map<string, CustomResourceDefinition>>
  operatorLease: Answer<Lease | undefined>
  tiers: Answer<Tier[]>
  tenants: Answer<Tenant[]>
  sessions: Answer<WhatsAppSession[]>
  workers: Answer<Worker[]>
  database: Answer<DatabaseHealth>
  /** Undefined: nobody said where it is. */
  gateway: Answer<GatewayHealth> | undefined
  /** Of local mode only. */
  local: { folder: string; freeBytes: number } | undefined
}

export async function examine({
  cluster,
  withDatabase,
  gatewayUrl,
  local,
}: Pick<Installation, 'cluster' | 'withDatabase' | 'gatewayUrl' | 'local'>): Promise<DoctorSnapshot> {
  const client = await cluster()
  const api = await answer(() => timed(() => client.request('GET', '/version')))
  // Without the API the rest would only take its time to fail in the same way.
  const ask: typeof answer = 'error' in api ? async () => api : answer
  const list = <T extends KubeObject>(kind: Kind<T>) => ask(async () => (await client.list(kind)).items)
  const url = gatewayUrl()
  const [crds, operatorLease, tiers, tenants, sessions, workers, database, gateway, freeBytes] = await Promise.all([
    ask(() => readCrds(client)),
    ask(() => client.get(LeaseKind, OPERATOR_LEASE)),
    list(TierKind),
    list(TenantKind),
    list(SessionKind),
    list(WorkerKind),
    answer(async () => {
      const { readDatabaseHealth } = await import('../ownership.ts')
      return withDatabase(readDatabaseHealth)
    }),
    url ? answer(() => askGateway(url)) : undefined,
    local ? freeBytesOf(local.folder) : 0,
  ])
  return {
    ...{ now: new Date(), namespace: client.namespace },
    ...{ api, crds, operatorLease, tiers, tenants, sessions, workers, database, gateway },
    local: local && { folder: local.folder, freeBytes },
  }
}

async function answer<T>(ask: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await ask() }
  } catch (error) {
    return { error: explain(error) }
  }
}

async function timed(work: () => Promise<unknown>): Promise<{ ms: number }> {
  const begun = performance.now()
  await work()
  return { ms: Math.round(performance.now() - begun) }
}

async function readCrds(client: KubeClient): Promise<Map<string, CustomResourceDefinition>> {
  const found = definitions.map(async ({ kind }): Promise<[string, CustomResourceDefinition][]> => {
    const crd = await client.get(CrdKind, `${kind.plural}.${kind.group}`)
    return crd ? [[kind.plural, crd]] : []
  })
  return new Map((await Promise.all(found)).flat())
}

async function askGateway(url: string): Promise<GatewayHealth> {
  const begun = performance.now()
  let date: string | null = null
  const gateway = new Berth({
    url,
    retries: 0,
    fetch: async (...call) => {
      const response = await fetch(...call)
      date = response.headers.get('date')
      return response
    },
  })
  try {
    await gateway.call({ method: 'GET', path: '/readyz' })
  } catch (error) {
    throw apiError(error, url)
  }
  return { url, ms: Math.round(performance.now() - begun), now: new Date(date ?? Date.now()) }
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
