/** What strikes many sessions at once. */
import { PodKind } from '@berth/core/model/kind.ts'
import { signal } from '@berth/local/process/identity.ts'
import type { Installation } from '../installation.ts'
import type { LocalBerth } from '../local-berth.ts'
import { patiently, until } from '../until.ts'
import type { Fault } from './fault.ts'

const TIMEOUT_MS = 60_000

type Condition = 'drop' | '503'

/** Of all connections, or a share of them: WhatsApp ends them in one moment. */
export const endConnections =
  (condition: Condition, share: number): Fault =>
  async ({ simulator }, random) => {
    const online = (await patiently(() => simulator.devices())).filter((device) => device.online)
    const some = random.shuffle(online).slice(0, Math.ceil(online.length * share))
    return async () => {
      const at = Date.now()
      // One that went off line by itself in this moment can't be told any more.
      const ends = await Promise.allSettled(
        some.map(({ number, device }) => simulator.force(number, device, condition)),
      )
      return { at, what: `${ends.filter(({ status }) => status === 'fulfilled').length} connections` }
    }
  }

/** Half of the workers' pods and the operator are gone from one moment to the next, as with the zone that they were in. */
export const loseZone: Fault<LocalBerth> = async (installation: Installation<LocalBerth>) => {
  const workers = await until('workers with sessions', TIMEOUT_MS, async () => {
    const found = await installation.workers()
    return found.length > 0 && found
  })
  const half = workers.toSorted((a, b) => b.accounts.length - a.accounts.length).filter((_, i) => i % 2 === 0)
  const operator = await until('operator runs', TIMEOUT_MS, async () => (await installation.berth.pids()).operator)
  return async () => {
    const at = Date.now()
    signal(operator, 'SIGKILL')
    await Promise.all(half.map(({ name }) => installation.kube.delete(PodKind, name, { gracePeriodSeconds: 0 })))
    const sessions = half.reduce((sum, { accounts }) => sum + accounts.length, 0)
    return { at, what: `operator and ${half.length} of ${workers.length} workers (${sessions} sessions)` }
  }
}
