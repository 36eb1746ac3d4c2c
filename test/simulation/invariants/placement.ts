/** What the resources say must be right at each write: generations, slots, quotas, and what is deleted. */
import type { Pod } from '@berth/core/model/builtin.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import type { Change, KubeApi } from '../kubernetes/api.ts'
import type { Postgres } from '../postgres/server.ts'
import type { Time } from '../time.ts'
import type { Violation } from './violation.ts'

/** A leader may know of a change so late: it was paused, or its watch lags. */
const KNOWN_AFTER_MS = 60_000
/** Then a deletion waits for nobody any more (operator/departure.ts: 90 s, by clocks that may be some seconds apart). */
const LET_GO_MS = 80_000

export class PlacementAccount {
  readonly #time: Time
  readonly #violation: Violation
  readonly #api: KubeApi
  readonly #postgres: Postgres
  /** Uid of a session → generation → pod. */
  readonly #generations = new Map<string, Map<number, string>>()
  /** Tenant → the highest quota that it had lately, and until when that counts. */
  readonly #quotas = new Map<string, { limit: number; until: number }>()
  /** Tier → the most workers that it might have lately, and until when that counts. */
  readonly #mosts = new Map<string, { limit: number; until: number }>()
  /** Until then copies may still be of before the API went back. */
  #unsettledUntil = 0
  placements = 0

  constructor(time: Time, violation: Violation, api: KubeApi, postgres: Postgres) {
    this.#time = time
    this.#violation = violation
    this.#api = api
    this.#postgres = postgres
    api.onChange((change) => this.#look(change))
  }

  /** The API was restored from a backup. */
  wentBack(): void {
    this.#generations.clear()
    this.#unsettledUntil = this.#time.now + KNOWN_AFTER_MS
  }

  #look({ type, plural, object, previous }: Change): void {
    if (plural === 'whatsappsessions') {
      const session = object as WhatsAppSession
      if (type === 'DELETED') this.#sessionGone(session)
      else this.#sessionWritten(session, previous as WhatsAppSession | undefined)
    }
    if (plural === 'tenants' && type !== 'DELETED') {
      this.#tenantWritten(object as unknown as Tenant, previous as unknown as Tenant | undefined)
    }
    if (plural === 'tiers' && type === 'MODIFIED') this.#tierWritten(previous as unknown as Tier)
    if (plural === 'workers' && type === 'ADDED') this.#workerMade(object as unknown as Worker)
    if (plural === 'workers' && type === 'DELETED') this.#workerGone(object as unknown as Worker)
  }

  #sessionWritten(session: WhatsAppSession, before: WhatsAppSession | undefined): void {
    const { placement } = session.status ?? {}
    if (!placement || placement.generation === before?.status?.placement?.generation) return
    this.placements++
    const { uid = '', name } = session.metadata
    const known = this.#generations.get(uid) ?? new Map<number, string>()
    const highest = Math.max(0, ...known.keys())
    const other = known.get(placement.generation)
    if (placement.generation < highest || (other && other !== placement.podUID)) {
      this.#violation('I2', `session ${name} was placed under generation ${placement.generation}, given before`)
    }
    this.#generations.set(uid, known.set(placement.generation, placement.podUID))
    this.#checkSlots(placement.worker, session.spec.tenant)
    if (!before?.status?.placement) this.#checkQuota(session.spec.tenant)
  }

  #tenantWritten(tenant: Tenant, before: Tenant | undefined): void {
    const { name } = tenant.metadata
    if (tenant.spec.tier !== before?.spec.tier) {
      const limit = Math.max(this.#limitOf(before?.spec.tier), this.#limitOf(tenant.spec.tier))
      this.#quotas.set(name, { limit, until: this.#time.now + KNOWN_AFTER_MS })
    }
    const worker = tenant.status?.worker
    if (worker && worker !== before?.status?.worker) this.#checkSlots(worker, name)
  }

  /** `tenant` has just come to the worker. */
  #checkSlots(name: string, tenant: string): void {
    const worker = this.#api.find<Worker>('workers', name)
    const tier = worker && this.#api.find<Tier>('tiers', worker.spec.tier)
    if (!tier || this.#time.now < this.#unsettledUntil) return
    const tenants = new Set([
      ...this.#api.list<Tenant>('tenants').flatMap((one) => (one.status?.worker === name ? [one.metadata.name] : [])),
      ...this.#sessions().flatMap(({ spec, status }) => (status?.placement?.worker === name ? [spec.tenant] : [])),
    ])
    if (!tenants.has(tenant)) return
    const { mode, tenantsPerWorker } = tier.spec.placement
    const limit = mode === 'Dedicated' ? 1 : tenantsPerWorker
    if (tenants.size <= limit) return
    const invariant = mode === 'Dedicated' ? 'I4' : 'I3'
    this.#violation(invariant, `${[...tenants].join(', ')} are on worker ${name}, which may have ${limit}`)
  }

  #checkQuota(name: string): void {
    const tenant = this.#api.find<Tenant>('tenants', name)
    if (!tenant || this.#time.now < this.#unsettledUntil) return
    const placed = this.#sessions().filter(({ metadata, spec, status }) => {
      return spec.tenant === name && status?.placement && spec.desiredState === 'Running' && !metadata.deletionTimestamp
    })
    const lately = this.#quotas.get(name)
    const limit = Math.max(this.#limitOf(tenant.spec.tier), lately && this.#time.now < lately.until ? lately.limit : 0)
    if (placed.length <= limit) return
    const names = placed.map(({ metadata }) => metadata.name).join(', ')
    this.#violation('quota', `${names} are placed, and tenant ${name} may have ${limit}`)
  }

  #limitOf = (tier = ''): number => this.#api.find<Tier>('tiers', tier)?.spec.limits.sessionsPerTenant ?? 0

  #workerMade({ spec }: Worker): void {
    const tier = this.#api.find<Tier>('tiers', spec.tier)
    if (!tier || this.#time.now < this.#unsettledUntil) return
    const alive = this.#api.list<Worker>('workers').filter((worker) => {
      return worker.spec.tier === spec.tier && !worker.metadata.deletionTimestamp && !this.#isLost(worker)
    })
    const lately = this.#mosts.get(spec.tier)
    const most = Math.max(mostOf(tier), lately && this.#time.now < lately.until ? lately.limit : 0)
    if (alive.length > most)
      this.#violation('workers', `tier ${spec.tier} has ${alive.length} workers, and may have ${most}`)
  }

  #tierWritten(before: Tier): void {
    const { name } = before.metadata
    const limit = Math.max(mostOf(before), this.#mosts.get(name)?.limit ?? 0)
    this.#mosts.set(name, { limit, until: this.#time.now + KNOWN_AFTER_MS })
  }

  /** Its pod is gone or has to go, or it ran once and all its boots are over. */
  #isLost({ metadata, status }: Worker): boolean {
    const pod = this.#api.find<Pod>('pods', metadata.name)
    const { uid, deletionTimestamp } = pod?.metadata ?? {}
    if (deletionTimestamp || (status?.podUID && status.podUID !== uid)) return true
    const boots = [...this.#postgres.tables.ownership.boots.values()].filter(({ podUID }) => podUID === uid)
    return boots.length > 0 && boots.every(({ end }) => end !== undefined)
  }

  #workerGone({ metadata }: Worker): void {
    if (this.#time.now < this.#unsettledUntil) return
    const placed = this.#sessions().filter(({ status }) => status?.placement?.worker === metadata.name)
    if (placed.length === 0) return
    const names = placed.map((session) => session.metadata.name).join(', ')
    this.#violation('I5', `worker ${metadata.name} was removed, with ${names} placed on it`)
  }

  #sessionGone({ metadata }: WhatsAppSession): void {
    const { ownership, sessions } = this.#postgres.tables
    const row = [...sessions.values()].find(({ resourceUid }) => resourceUid === metadata.uid)
    if (!row) return
    const ageMs = Date.now() - Date.parse(metadata.deletionTimestamp ?? '')
    const isHeld = ownership.owners.get(row.id)?.holder !== undefined
    if (row.deleted && !(isHeld && ageMs < LET_GO_MS)) return
    const why = row.deleted ? 'a boot still holds it' : 'its row is still there'
    this.#violation('finalizer', `session ${metadata.name} is gone from the API, and ${why}`)
  }

  #sessions = (): WhatsAppSession[] => this.#api.list<WhatsAppSession>('whatsappsessions')
}

/** With those that an update may make beyond. */
const mostOf = ({ spec }: Tier): number => (spec.workers.replicas ?? spec.workers.max) + spec.update.maxSurge
