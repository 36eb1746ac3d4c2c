/**
 * Placing: a real operator process finds an installation full of customers, and no worker. Stand-ins take the sessions
 * (claims and states as of real workers), so that only operator, Kubernetes API and Postgres are measured.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startControlPlane } from '@berth/cluster/control-plane/standalone.ts'
import { KubeClient } from '@berth/core/kube/client.ts'
import { getCondition } from '@berth/core/kube/conditions.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { ServiceAccountKind, SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import { SessionSpec, type WhatsAppSession } from '@berth/core/model/session.ts'
import { TenantSpec } from '@berth/core/model/tenant.ts'
import { type Spread, spread } from '../../chaos/figures.ts'
import { until } from '../../chaos/until.ts'
import { Child } from '../child.ts'
import { each } from '../each.ts'
import { type Ground, startGround } from '../ground.ts'
import { cpuMs } from '../usage.ts'

export interface PlaceOptions {
  tenants: number
  sessionsPerTenant: number
  tenantsPerWorker: number
  /** Without a kube-apiserver, on the embedded API. */
  embedded: boolean
}

export interface Place {
  kubernetes: 'kube-apiserver' | 'embedded'
  sessions: number
  tenants: number
  workers: number
  /** From the start of the operator's process until every session had its placement, and until every one was Ready. */
  allPlacedMs: number
  allReadyMs: number
  /** CPU of the operator until all were Ready. */
  cpuMs: number
  /** The operator's most, in bytes. */
  peakRssBytes: number
  /** CPU of the operator while nothing happens, as a share of a core. */
  idleCpu: number
  /** From the creation of one more session to its placement. */
  one: Spread
  /** Until all sessions of a worker that is drained were Ready elsewhere, and how many they were. */
  drained: { sessions: number; ms: number }
}

const OPERATOR = fileURLToPath(import.meta.resolve('@berth/operator/main.ts'))
/** As Node chooses it in the 512 Mi that the chart gives an operator. */
const OPERATOR_FLAGS = ['--max-old-space-size=256']
const STAND_INS = fileURLToPath(new URL('../sides/stand-ins-process.ts', import.meta.url))
const TIER = 'pro'
const AT_ONCE = 32
const TIMEOUT_MS = 900_000
const IDLE_MS = 10_000
const SINGLES = 20

export async function place(options: PlaceOptions, tell: (line: string) => void): Promise<Place> {
  if (options.embedded) return placeOn(await startGround(undefined, POSTGRES), options, tell)
  const plane = await startControlPlane({ onProgress: tell })
  try {
    const ground = await startGround(plane.kubeconfig, POSTGRES)
    // A controller would make it, and the same controllers would remove pods on nodes that don't exist.
    await ground.cluster.client.create(ServiceAccountKind, { metadata: { name: 'default' } })
    return await placeOn(ground, options, tell)
  } finally {
    await plane.stop()
  }
}

/** Each stand-in has a connection of its own. */
const POSTGRES = { max_connections: '600' }

async function placeOn(ground: Ground, options: PlaceOptions, tell: (line: string) => void): Promise<Place> {
  // It stands for many people.
  const client = new KubeClient(ground.cluster.config, { component: 'bench', qps: 1_000, burst: 1_000 })
  const env = { DATABASE_URL: ground.databaseUrl, KUBECONFIG: ground.kubeconfig }
  const watcher = new Watcher(client)
  const children: Child[] = []
  try {
    tell(`creating ${options.tenants} tenants with ${options.sessionsPerTenant} sessions each`)
    await createCustomers(client, options)
    await watcher.start()
    children.push(new Child(STAND_INS, { env }))

    tell('starting the operator')
    const startedAt = performance.now()
    const operator = new Child(OPERATOR, {
      flags: OPERATOR_FLAGS,
      env: { ...env, POD_NAME: 'operator', HOST: '127.0.0.1', PORT: '0' },
    })
    children.unshift(operator)
    const sessions = options.tenants * options.sessionsPerTenant
    await until('all are placed', TIMEOUT_MS, async () => watcher.placed.size >= sessions)
    const allPlacedMs = performance.now() - startedAt
    await until('all are Ready', TIMEOUT_MS, async () => watcher.ready.size >= sessions)
    const allReadyMs = performance.now() - startedAt
    const used = cpuMs(operator.pid)
    const workers = (await client.list(WorkerKind)).items.length

    await until('the operator has nothing to do', TIMEOUT_MS, async () => (await cpuShare(operator, 1_000)) < 0.9)
    const idleCpu = await cpuShare(operator, IDLE_MS)
    tell('one session at a time')
    const one = spread(await placeSingles(client, watcher))!
    tell('draining a worker')
    const drained = await drain(client, watcher)
    const peakRssBytes = peakRss(operator.pid)
    const kubernetes = options.embedded ? 'embedded' : 'kube-apiserver'
    const { tenants } = options
    return {
      kubernetes,
      sessions,
      tenants,
      workers,
      allPlacedMs,
      allReadyMs,
      cpuMs: used,
      peakRssBytes,
      idleCpu,
      one,
      drained,
    }
  } finally {
    for (const child of children) await child.stop()
    await watcher.stop()
    await client.close()
    await ground.close()
  }
}

/** Knows which sessions are placed and Ready, as the API tells it. */
class Watcher {
  readonly placed = new Set<string>()
  readonly ready = new Set<string>()
  readonly #sessions: Reflector<WhatsAppSession>

  constructor(client: KubeClient) {
    this.#sessions = new Reflector(client, SessionKind, {
      onChange: (_, { metadata, status }) => {
        const isReady = getCondition(status?.conditions, 'Ready')?.status === 'True'
        if (status?.placement) this.placed.add(metadata.name)
        if (isReady) this.ready.add(metadata.name)
        else this.ready.delete(metadata.name)
      },
    })
  }

  start(): Promise<void> {
    this.#sessions.start()
    return this.#sessions.synced
  }

  /** Of the sessions on a worker. */
  on(worker: string): string[] {
    return this.#sessions.list().flatMap(({ metadata, status }) => {
      return status?.placement?.worker === worker ? [metadata.name] : []
    })
  }

  stop(): Promise<void> {
    return this.#sessions.stop()
  }
}

async function createCustomers(client: KubeClient, options: PlaceOptions): Promise<void> {
  const spec = structuredClone(defaultTiers.find(({ metadata }) => metadata.name === TIER)!.spec)
  spec.placement.tenantsPerWorker = options.tenantsPerWorker
  spec.workers.max = 1000
  await client.create(TierKind, { metadata: { name: TIER }, spec })
  const names = Array.from({ length: options.tenants }, (_, index) => `customer-${index}`)
  await each(names, AT_ONCE, async (name) => {
    await client.create(TenantKind, { metadata: { name }, spec: TenantSpec.parse({ tier: TIER }) })
    for (let i = 0; i < options.sessionsPerTenant; i++) await createSession(client, name, `s${i}`)
  })
}

async function createSession(client: KubeClient, tenant: string, name: string): Promise<void> {
  await client.create(SessionKind, { metadata: { name: `${tenant}.${name}` }, spec: SessionSpec.parse({ tenant }) })
}

/** Milliseconds that each took, from its creation on. */
async function placeSingles(client: KubeClient, watcher: Watcher): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < SINGLES; i++) {
    const startedAt = performance.now()
    await createSession(client, `customer-${i}`, 'more')
    while (!watcher.placed.has(`customer-${i}.more`)) await delay(5)
    times.push(performance.now() - startedAt)
  }
  return times
}

async function drain(client: KubeClient, watcher: Watcher): Promise<Place['drained']> {
  const { items } = await client.list(WorkerKind)
  const fullest = items
    .map(({ metadata }) => metadata.name)
    .sort((a, b) => watcher.on(b).length - watcher.on(a).length)[0]!
  const names = watcher.on(fullest)
  await until('they are Ready', TIMEOUT_MS, async () => names.every((name) => watcher.ready.has(name)))
  const startedAt = performance.now()
  await client.delete(WorkerKind, fullest)
  await until('they have moved', TIMEOUT_MS, async () => {
    return watcher.on(fullest).length === 0 && names.every((name) => watcher.ready.has(name))
  })
  return { sessions: names.length, ms: performance.now() - startedAt }
}

/** Of a core, while it is left alone for so long. */
async function cpuShare({ pid }: Child, forMs: number): Promise<number> {
  const before = cpuMs(pid)
  await delay(forMs)
  return (cpuMs(pid) - before) / forMs
}

/** The most that was resident, in bytes. */
const peakRss = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
