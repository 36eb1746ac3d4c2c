/**
 * What happens in a run, as data: what people do, and what breaks. It comes out of a seed, can be printed and made shorter;
 * leaving something out changes nothing of the rest.
 */

import type { Mishap } from './network.ts'
import { Random } from './random.ts'
import type { ServerName } from './server.ts'

/** `leader`; an operator or a kubelet by its name; `worker/3`: the fourth pod, counted in the order of their names. */
export type Who = string

export type Deed =
  | { do: 'create tenant'; tenant: string; tier: string }
  | { do: 'delete tenant'; tenant: string }
  | { do: 'change tier'; tenant: string; tier: string }
  | { do: 'suspend' | 'resume'; tenant: string }
  | { do: 'create session'; session: string; tenant: string; data: 'Erase' | 'Retain'; device: 'Logout' | 'Keep' }
  | { do: 'delete session' | 'stop' | 'start'; session: string }
  | { do: 'scale'; tier: string; replicas: number | null }
  | { do: 'change template'; tier: string; image: string }
  | { do: 'cordon' | 'drain' | 'uncordon' | 'delete worker' | 'delete pod'; worker: Who }

export type Fault =
  | { do: 'kill'; who: Who }
  /** The call after next meets with it (nth: 2), and so on. */
  | { do: 'mishap'; who: Who; nth: number; mishap: Mishap }
  | { do: 'pause'; who: Who; ms: number }
  | { do: 'cut'; who: Who; server: ServerName; ms: number }
  | { do: 'outage'; server: ServerName; ms: number }
  /** Postgres is away, and comes back without its last commits, or as it was so long ago. */
  | { do: 'lose commits'; count: number; ms: number }
  | { do: 'restore Postgres'; agoMs: number; ms: number }
  | { do: 'lag'; who: Who; lagMs: number; ms: number }
  | { do: 'stutter' | 'break watches'; who: Who }
  | { do: 'compact' }
  | { do: 'restore the API'; agoMs: number; silent: boolean }
  | { do: 'lose host'; host: string; ms: number }
  | { do: 'crash kubelet'; host: string; ms: number }

export type Happening = { at: number } & (Deed | Fault)

export interface Script {
  seed: number
  operators: string[]
  hosts: string[]
  /** In the order of their times, in milliseconds. */
  happenings: Happening[]
}

export const TIERS = ['basic', 'pro', 'max']

/** People have made up their minds, and nothing breaks any more, after so long. */
export const ACTIVE_MS = 60_000

export function scriptOf(seed: number): Script {
  const random = new Random(`script/${seed}`)
  const operators = names('operator', random.between(2, 3))
  const hosts = names('host', random.between(2, 4))
  const tenants = names('tenant', random.between(2, 6))
  const sessions = tenants.flatMap((tenant) =>
    names(`${tenant}-s`, random.between(1, 4)).map((session) => ({ session, tenant })),
  )
  const at = (most = ACTIVE_MS) => Math.floor(random.next() * most)
  const beginning: Happening[] = [
    ...tenants.map((tenant): Happening => ({ at: at(3_000), do: 'create tenant', tenant, tier: random.pick(TIERS) })),
    ...sessions.map(
      ({ session, tenant }): Happening => ({
        at: random.chance(0.7) ? at(5_000) : at(),
        do: 'create session',
        session,
        tenant,
        data: random.chance(0.7) ? 'Erase' : 'Retain',
        device: random.chance(0.3) ? 'Logout' : 'Keep',
      }),
    ),
  ]
  const whos = [...operators, 'leader', 'leader', ...Array.from({ length: 6 }, (_, i) => `worker/${i}`)]
  const deeds = Array.from({ length: random.between(2, 10) }, () => ({
    at: at(),
    ...deedOf(random, tenants, sessions),
  }))
  const faults = Array.from({ length: random.between(3, 14) }, () => ({ at: at(), ...faultOf(random, whos, hosts) }))
  const losses = lossesOf(random.fork('losses'))
  const happenings = [...beginning, ...deeds, ...faults, ...losses].sort((a, b) => a.at - b.at)
  return { seed, operators, hosts, happenings }
}

function deedOf(
  random: Random,
  tenants: readonly string[],
  sessions: readonly { session: string; tenant: string }[],
): Deed {
  const tenant = random.pick(tenants)
  const { session, tenant: owner } = random.pick(sessions)
  const tier = random.pick(TIERS)
  const worker = `worker/${random.between(0, 5)}`
  const deeds: Deed[] = [
    { do: 'change tier', tenant, tier },
    { do: 'suspend', tenant },
    { do: 'resume', tenant },
    { do: 'delete session', session },
    { do: 'delete session', session },
    { do: 'create session', session, tenant: owner, data: 'Erase', device: 'Keep' },
    { do: 'stop', session },
    { do: 'start', session },
    { do: 'scale', tier, replicas: random.pick([null, 1, 2, 3]) },
    { do: 'change template', tier, image: `worker:${random.between(2, 3)}` },
    { do: 'cordon', worker },
    { do: 'uncordon', worker },
    { do: 'drain', worker },
    { do: 'delete worker', worker },
    { do: 'delete pod', worker },
    { do: 'delete tenant', tenant },
    { do: 'create tenant', tenant, tier },
  ]
  return random.pick(deeds)
}

function faultOf(random: Random, whos: readonly Who[], hosts: readonly string[]): Fault {
  const who = random.pick(whos)
  const server = random.pick<ServerName>(['kubernetes', 'postgres'])
  const host = random.pick(hosts)
  const ms = Math.round(200 * 150 ** random.next())
  const mishap = random.pick<Mishap>(['crash-before', 'crash-after', 'lose', 'late'])
  const faults: Fault[] = [
    { do: 'kill', who },
    { do: 'mishap', who, nth: random.between(1, 40), mishap },
    { do: 'mishap', who, nth: random.between(1, 40), mishap },
    { do: 'mishap', who, nth: random.between(1, 40), mishap },
    { do: 'mishap', who, nth: random.between(1, 40), mishap },
    { do: 'pause', who, ms },
    { do: 'pause', who, ms },
    { do: 'cut', who, server, ms },
    { do: 'cut', who, server, ms },
    { do: 'outage', server, ms },
    { do: 'lag', who, lagMs: Math.round(50 * 100 ** random.next()), ms },
    { do: 'stutter', who },
    { do: 'break watches', who },
    { do: 'compact' },
    { do: 'restore the API', agoMs: random.between(500, 20_000), silent: random.chance(0.5) },
    { do: 'lose host', host, ms },
    { do: 'crash kubelet', host, ms },
  ]
  return random.pick(faults)
}

/** Postgres goes back in every third seed, once or twice. */
function lossesOf(random: Random): Happening[] {
  if (!random.chance(1 / 3)) return []
  return Array.from({ length: random.between(1, 2) }, (): Happening => {
    const at = Math.floor(random.next() * ACTIVE_MS)
    const ms = Math.round(200 * 100 ** random.next())
    if (random.chance(0.3)) return { at, do: 'restore Postgres', agoMs: random.between(1_000, 40_000), ms }
    return { at, do: 'lose commits', count: Math.floor(300 ** random.next()) - 1, ms }
  })
}

const names = (what: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${what}-${i + 1}`)
