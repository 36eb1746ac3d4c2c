/**
 * Bugs, planted to see that the simulation finds them: one of each class that placement and ownership can have. Each is put
 * in by wrapping what the simulation is made of; nothing in production code knows of it.
 */
import { Reflector } from '@berth/core/kube/reflector.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import { Collection } from '@berth/operator/resources.ts'
import type { World } from './world.ts'

/** Puts a bug into a world that has not begun; answers how it is taken out of what all worlds share. */
export type Plant = (world: World) => (() => void) | undefined

/** By name; what each is found as is in the README. */
export const PLANTS: Record<string, Plant> = {
  /** The operator does not take in the answers to its own writes, and decides on what it knew before. */
  'stale cache': () => {
    const { observe } = Reflector.prototype
    Reflector.prototype.observe = () => {}
    return () => {
      Reflector.prototype.observe = observe
    }
  },

  /** A claim succeeds against a living holder. */
  'double take': ({ postgres }) => {
    const { ownership } = postgres
    const claim = ownership.claim.bind(ownership)
    ownership.claim = (boot, session, generation) => {
      change(postgres.tables, session, ({ holder: _, ...owner }) => owner)
      return claim(boot, session, generation)
    }
    return undefined
  },

  /** A release is answered, and not durable. */
  'lost release': ({ postgres }) => {
    postgres.ownership.release = () => true
    return undefined
  },

  /** A claim does not raise the epoch for good. */
  'epoch used again': ({ postgres }) => {
    const { ownership } = postgres
    const claim = ownership.claim.bind(ownership)
    ownership.claim = (boot, session, generation) => {
      const claimed = claim(boot, session, generation)
      if (claimed) change(postgres.tables, session, (owner) => ({ ...owner, epoch: owner.epoch - 1 }))
      return claimed
    }
    return undefined
  },

  /** Sessions that come within the same second don't count each other. */
  'quota race': ({ api, time }) => {
    let sessionMadeAt = -Infinity
    api.onChange(({ type, plural }) => {
      if (type === 'ADDED' && plural === 'whatsappsessions') sessionMadeAt = time.now
    })
    const { list } = Collection.prototype
    Collection.prototype.list = function (this: Collection<never>) {
      const objects = list.call(this) as unknown as (Tier | WhatsAppSession)[]
      const isRace = time.now - sessionMadeAt < 1_000
      return objects.map((object) =>
        isRace && object.kind === 'Tier' ? withHigherQuota(object as Tier) : object,
      ) as never[]
    }
    return () => {
      Collection.prototype.list = list
    }
  },

  /** A boot is revoked by the time of its last renewal, instead of by renewals that were seen not to come. */
  'revocation by a clock': ({ postgres, time }) => {
    const { ownership } = postgres
    const renewedAt = new Map<string, number>()
    const renew = ownership.renew.bind(ownership)
    ownership.renew = (boot) => {
      renewedAt.set(boot, time.now)
      return renew(boot)
    }
    const asOperator = postgres.asOperator.bind(postgres)
    postgres.asOperator = (process) => {
      const database = asOperator(process)
      return {
        ...database,
        poll: async (canary, before) => {
          const reading = await database.poll(canary, before)
          for (const { bootId, renewals, open } of reading.leases) {
            if (open && time.now - (renewedAt.get(bootId) ?? time.now) > 5_000) ownership.revoke(bootId, renewals)
          }
          return reading
        },
      }
    }
    return undefined
  },

  /** A deleted session goes at once, and what belongs to it stays. */
  'finalizer removed too early': ({ api }) => {
    const remove = api.delete.bind(api)
    api.delete = (plural, name, conditions, by) => {
      if (plural === 'whatsappsessions') api.patch(plural, name, { metadata: { finalizers: [] } }, false, by)
      return remove(plural, name, conditions, by)
    }
    return undefined
  },

  /** Claims are granted while nobody has looked yet what Postgres has lost. */
  'logins before the repair': ({ postgres }) => {
    const { ownership } = postgres
    const claim = ownership.claim.bind(ownership)
    ownership.claim = (boot, session, generation) => {
      const { trust } = postgres.tables
      const { home, reports, answered } = trust
      Object.assign(trust, { home: undefined, answered: reports })
      const claimed = claim(boot, session, generation)
      Object.assign(trust, { home, answered })
      return claimed
    }
    return undefined
  },

  /** The operator compares the database with the highest that any reading of it has shown, whoever read it: with itself. */
  'a loss compared with the wrong number': ({ postgres }) => {
    let highest = { beat: 0, mark: 0 }
    const asOperator = postgres.asOperator.bind(postgres)
    postgres.asOperator = (process) => {
      const database = asOperator(process)
      return {
        ...database,
        poll: async (canary, before) => {
          const reading = await database.poll(canary, before)
          const { trust, canaryBeat } = reading
          highest = { beat: Math.max(highest.beat + 1, canaryBeat), mark: Math.max(highest.mark, trust.mark) }
          return { ...reading, canaryBeat: highest.beat, trust: { ...trust, mark: highest.mark } }
        },
      }
    }
    return undefined
  },

  /** The next generation is one more than the resource's, also when the API went back. */
  'generation used again': ({ postgres }) => {
    const asOperator = postgres.asOperator.bind(postgres)
    postgres.asOperator = (process) => {
      const database = asOperator(process)
      return {
        ...database,
        poll: async (canary, before) => {
          const reading = await database.poll(canary, before)
          const owners = [...reading.owners].map(([id, owner]) => [id, { ...owner, generation: 0, wanted: 0 }] as const)
          return { ...reading, owners: new Map(owners) }
        },
      }
    }
    return undefined
  },
}

type Tables = World['postgres']['tables']
type Owner = NonNullable<ReturnType<Tables['ownership']['owners']['get']>>

function change(tables: Tables, session: string, to: (owner: Owner) => Owner): void {
  const owner = tables.ownership.owners.get(session)
  if (!owner) return
  tables.ownership = { ...tables.ownership, owners: new Map(tables.ownership.owners).set(session, to(owner)) }
}

const withHigherQuota = (tier: Tier): Tier => {
  const limits = { ...tier.spec.limits, sessionsPerTenant: tier.spec.limits.sessionsPerTenant + 1 }
  return { ...tier, spec: { ...tier.spec, limits } }
}
