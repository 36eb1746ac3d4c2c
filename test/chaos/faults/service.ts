/** Faults of what is there once: operator, gateway, the Kubernetes API, Postgres. */
import { setTimeout as delay } from 'node:timers/promises'
import { signal } from '@berth/local/process/identity.ts'
import type { LocalBerth } from '../local-berth.ts'
import { until } from '../until.ts'
import { type Fault, ownBerth, since } from './fault.ts'

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

/** Hangs: connections stay, nothing is answered; what was under way goes on when it wakes up. */
export const freezePostgres: Fault = async (installation, random) => {
  const { database } = ownBerth(installation)
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
  const { database } = ownBerth(installation)
  return async () => {
    const at = Date.now()
    await database.kill()
    await database.restart()
    return { at, what: `postgres, for ${since(at)}` }
  }
}
