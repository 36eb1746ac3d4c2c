/** A large installation, as the planner sees it: half as many tenants as sessions, of three tiers, and workers enough for all. */
import { session, tenant, tier, type World, worker, world } from '@berth/core/placement/world.testing.ts'

const limits = { min: 0, max: 1000, spare: 1 }
/** `tenants` and `sessionsEach` as shares of a thousand tenants with two thousand sessions. */
const tiers = [
  { of: tier('basic', { tenantsPerWorker: 50, sessionsPerTenant: 1, workers: limits }), tenants: 800, sessionsEach: 1 },
  { of: tier('pro', { price: 29, sessionsPerTenant: 5, workers: limits }), tenants: 180, sessionsEach: 5 },
  {
    of: tier('max', { price: 99, dedicated: true, tenantsPerWorker: 1, sessionsPerTenant: 20, workers: limits }),
    tenants: 20,
    sessionsEach: 15,
  },
]
const HOSTS = 50
const ZONES = 3

/** Nobody is placed yet; all workers are ready, and a spare one of each tier beyond what is needed. */
export function largeWorld(sessions: number): World {
  const parts = world({ tiers: tiers.map(({ of }) => of) })
  for (const { of, tenants, sessionsEach } of tiers) {
    const count = Math.ceil((tenants * sessions) / 2000)
    for (let i = 0; i < count; i++) {
      const name = `${of.name}-customer-${String(i * 7919).padStart(9, '0')}`
      parts.tenants.push(tenant(name, of.name))
      for (let j = 0; j < sessionsEach; j++) {
        parts.sessions.push(session(`${name}.line-${j}`, name, { linked: true }))
      }
    }
    for (let i = 0; i <= Math.ceil(count / of.tenantsPerWorker); i++) {
      const host = i % HOSTS
      parts.workers.push(
        worker(`${of.name}-${String(i).padStart(5, '0')}`, of.name, {
          revision: of.revision,
          host: `node-${host}`,
          zone: `zone-${host % ZONES}`,
        }),
      )
    }
  }
  return parts
}
