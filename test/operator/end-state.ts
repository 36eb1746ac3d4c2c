/**
 * What an installation has come to, as text can be compared: everything of one customer's tier, without times, ids, versions
 * and the names of workers. Two that were told the same in the end are the same, whatever happened on the way.
 */
import type { Pod } from '@berth/core/model/builtin.ts'
import type { Condition, KubeObject } from '@berth/core/model/meta.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import type { Resources } from '@berth/operator/resources.ts'
import { expect } from 'vitest'
import { type Installation, NotSeen } from './installation.ts'

export interface EndState {
  specs: unknown
  tiers: unknown
  tenants: unknown
  sessions: unknown
  workers: unknown
  pods: unknown
  /** The rows of the database. */
  mirror: unknown
}

export type Part = keyof EndState

type Resource = KubeObject & { spec: unknown; status?: { conditions?: Condition[]; observedGeneration?: number } }

/** $1: with which the names begin. */
const ROWS = `SELECT
  (SELECT json_agg(json_build_object('name', name, 'spec', spec)) FROM tier WHERE starts_with(name, $1)) AS tiers,
  (SELECT json_agg(json_build_object('id', id, 'name', name, 'tier', tier, 'displayName', display_name, 'state', state,
      'deleted', deleted_at IS NOT NULL)) FROM tenant WHERE starts_with(name, $1)) AS tenants,
  (SELECT json_agg(json_build_object('id', s.id, 'tenant', t.name, 'name', s.name, 'resourceName', s.resource_name,
      'provider', s.provider, 'desiredState', s.desired_state, 'obstacle', s.obstacle, 'deleted', s.deleted_at IS NOT NULL,
      -- Where it was held last says nothing once it is released.
      'heldBy', CASE WHEN o.released_at IS NULL THEN o.pod_uid END,
      'commands', (SELECT json_agg(c.kind || ' ' || c.status) FROM command c WHERE c.session_id = s.id)))
    FROM session s JOIN tenant t ON t.id = s.tenant_id JOIN session_owner o ON o.session_id = s.id
    WHERE starts_with(t.name, $1)) AS sessions`

/** `prefix`: with which the names of all that belongs to it begin; in the answer it is `x`. */
export async function endState(resources: Resources, pool: Pool, prefix: string): Promise<EndState> {
  const { rows } = await pool.query<object>(ROWS, [prefix])
  const isOwn = (name: string) => name.startsWith(prefix)
  const own = <T extends KubeObject>(kind: { list(): T[] }) =>
    kind.list().filter(({ metadata }) => isOwn(metadata.name))
  const { tiers, tenants, sessions, workers, pods } = resources
  const busy = new Set(own(sessions).map(({ status }) => status?.placement?.worker))
  const aliases = new Map<string, string>([[prefix, 'x']])
  for (const { metadata } of own(workers)) aliases.set(metadata.name, busy.has(metadata.name) ? 'busy' : 'idle')
  for (const { metadata } of own(pods)) aliases.set(metadata.uid!, `pod of ${aliases.get(metadata.name)}`)
  for (const { metadata, status } of [...own(tenants), ...own(sessions)]) {
    if (status?.id) aliases.set(status.id, `id of ${metadata.name}`)
  }
  for (const { status } of own(tiers)) if (status?.templateRevision) aliases.set(status.templateRevision, 'current')

  const state: EndState = {
    specs: [...own(tiers), ...own(tenants), ...own(sessions)].map(specOf),
    tiers: own(tiers).map(statusOf),
    tenants: own(tenants).map(statusOf),
    sessions: own(sessions).map((session) => {
      const { placement, ...status } = session.status ?? {}
      const { generation: _, boundAt: __, ...place } = placement ?? {}
      return statusOf({ ...session, status: { ...status, place } } as Resource)
    }),
    workers: own(workers).map((worker) => {
      const { bootId, address, ...status } = worker.status ?? {}
      const isServed = bootId !== undefined && address !== undefined
      return [specOf(worker), statusOf({ ...worker, status: { ...status, isServed } } as Resource)]
    }),
    pods: own(pods).map(podOf),
    mirror: rows[0],
  }
  return inOrder(renamed(state, aliases)) as EndState
}

const specOf = ({ metadata, spec }: KubeObject & { spec: unknown }) => ({
  name: metadata.name,
  finalizers: metadata.finalizers,
  deleting: metadata.deletionTimestamp !== undefined,
  spec,
})

const statusOf = ({ metadata, status }: Resource) => {
  const { conditions = [], observedGeneration, ...rest } = status ?? {}
  return {
    name: metadata.name,
    ...rest,
    isObserved: observedGeneration === metadata.generation,
    conditions: conditions.map(({ lastTransitionTime: _, observedGeneration: told, ...condition }) => ({
      ...condition,
      isObserved: told === metadata.generation,
    })),
  }
}

const podOf = ({ metadata, spec }: Pod) => ({
  name: metadata.name,
  labels: metadata.labels,
  annotations: metadata.annotations,
  owners: metadata.ownerReferences?.map(({ kind, name }) => [kind, name]),
  deleting: metadata.deletionTimestamp !== undefined,
  spec,
})

/** On their way to something else. */
const PASSING = [
  'Pending',
  'Starting',
  'OwnerLost',
  'Connecting',
  'Draining',
  'Unsure',
  'Updating',
  'PodDeleted',
  'Lost',
  'PodGone',
]

/** Nothing is under way, as far as it says itself. */
export const isAtRest = (state: EndState): boolean =>
  !/"(isObserved|isServed)":false|"deleting":true/.test(JSON.stringify(state)) &&
  !PASSING.some((reason) => JSON.stringify(state).includes(`"reason":"${reason}"`))

/** Long names first: some are part of others. */
function renamed(state: EndState, aliases: ReadonlyMap<string, string>): unknown {
  let text = JSON.stringify(state)
  for (const [name, alias] of [...aliases].sort(([a], [b]) => b.length - a.length)) text = text.replaceAll(name, alias)
  // The API names a pod's token volume at random.
  return JSON.parse(text.replaceAll(/kube-api-access-\w+/g, 'token'))
}

/** Lists sorted by what they hold, fields by their names. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(inOrder).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, child]) => [name, inOrder(child)]),
  )
}

/** A customer's whole story may be to come. */
const PATIENTLY = { waitMs: 150_000, everyMs: 200 }

/** Waits until both are at rest and the same; shows at last in what they differ. */
export async function untilSame<T extends EndState>(berth: Installation, look: () => Promise<readonly [T, T]>) {
  let seen: readonly [T, T] | undefined
  const areSame = async () => {
    seen = await look()
    return seen.every(isAtRest) && JSON.stringify(seen[0]) === JSON.stringify(seen[1])
  }
  await berth.until('the same end', areSame, PATIENTLY).catch((error: unknown) => {
    if (!(error instanceof NotSeen)) throw error
    expect(seen?.[0]).toEqual(seen?.[1])
    throw new Error(`the same, but not at rest: ${JSON.stringify(seen?.[0])}`, { cause: error })
  })
}

/** Waits until nothing is under way; shows at last what is. */
export async function untilAtRest(berth: Installation, look: () => Promise<EndState>): Promise<void> {
  let seen: EndState | undefined
  const isResting = async () => {
    seen = await look()
    return isAtRest(seen)
  }
  await berth.until('rest', isResting, PATIENTLY).catch((error: unknown) => {
    if (error instanceof NotSeen) throw new Error(`not at rest: ${JSON.stringify(seen)}`, { cause: error })
    throw error
  })
}
