/** Faults of what is there once: operator, gateway, the Kubernetes API, Postgres; and of the line to WhatsApp. */
import { setTimeout as delay } from 'node:timers/promises'
import { signal } from '@berth/local/process/identity.ts'
import type { DatabaseServer } from '../database-server.ts'
import type { Installation } from '../installation.ts'
import type { LocalBerth } from '../local-berth.ts'
import { OwnBerth } from '../own-berth.ts'
import { patiently, until } from '../until.ts'
import { type Fault, since } from './fault.ts'

/** After several crashes in a row a service is started again only after a while. */
const RUNNING_TIMEOUT_MS = 60_000

type Name = 'operator' | 'gateway' | 'kubernetes'

/** SIGKILL; it is started again. */
const kill =
  (name: Name): Fault<LocalBerth> =>
  async ({ berth }) => {
    const pid = await until(`${name} runs`, RUNNING_TIMEOUT_MS, async () => (await berth.pids())[name])
    return async () => {
      const at = Date.now()
      signal(pid, 'SIGKILL')
      return { at, what: name }
    }
  }

export const killOperator = kill('operator')
export const killGateway = kill('gateway')
export const killKubernetes = kill('kubernetes')

/** Hangs: takes connections and answers nothing. */
export const freezeKubernetes: Fault<LocalBerth> = async ({ berth }, random) => {
  const pid = await until('kubernetes runs', RUNNING_TIMEOUT_MS, async () => (await berth.pids()).kubernetes)
  const ms = random.between(4_000, 8_000)
  return async () => {
    const at = Date.now()
    signal(pid, 'SIGSTOP')
    await delay(ms)
    signal(pid, 'SIGCONT')
    return { at, what: `kubernetes, for ${since(at)}` }
  }
}

/** A fast shutdown, as for maintenance. */
export const stopPostgres: Fault = (installation, random) =>
  stopPostgresFor(random.between(5_000, 10_000))(installation, random)

export const stopPostgresFor =
  (ms: number): Fault =>
  async ({ berth }) =>
  async () => {
    const at = Date.now()
    await berth.stopPostgres()
    await delay(ms)
    await berth.startPostgres()
    return { at, what: `postgres, for ${since(at)}` }
  }

/** Throws in a Berth of somebody else, to which nothing may be done that it does not undo itself. */
function databaseOf({ berth }: Installation): DatabaseServer {
  if (berth instanceof OwnBerth) return berth.database
  throw new Error('Only a Postgres of our own may be killed or frozen.')
}

/** Hangs: connections stay, nothing is answered; what was under way goes on when it wakes up. */
export const freezePostgres: Fault = async (installation, random) => {
  const database = databaseOf(installation)
  const ms = random.between(5_000, 15_000)
  return async () => {
    const at = Date.now()
    database.freeze()
    await delay(ms)
    database.thaw()
    return { at, what: `postgres, for ${since(at)}` }
  }
}

/** A crash of the server: it comes back by recovering its log. */
export const killPostgres: Fault = async (installation) => {
  const database = databaseOf(installation)
  return async () => {
    const at = Date.now()
    await database.kill()
    await database.restart()
    return { at, what: `postgres, for ${since(at)}` }
  }
}

/** The network between a third of the sessions and WhatsApp breaks. */
export const dropConnections: Fault = async ({ simulator }, random) => {
  const online = (await patiently(() => simulator.devices())).filter((device) => device.online)
  const some = random.shuffle(online).slice(0, Math.ceil(online.length / 3))
  return async () => {
    const at = Date.now()
    // One that went off line by itself in this moment can't be dropped any more.
    const drops = await Promise.allSettled(some.map(({ number, device }) => simulator.force(number, device, 'drop')))
    return { at, what: `${drops.filter(({ status }) => status === 'fulfilled').length} connections` }
  }
}
