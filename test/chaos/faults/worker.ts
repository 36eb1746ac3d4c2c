/** Faults of one worker: its process, its pod, its Worker object. */
import { setTimeout as delay } from 'node:timers/promises'
import { PodKind, WorkerKind } from '@berth/core/model/kind.ts'
import { identify, isRunning, signal } from '@berth/local/process/identity.ts'
import type { Installation, RunningWorker } from '../installation.ts'
import type { Random } from '../random.ts'
import { until } from '../until.ts'
import { type Fault, type Struck, since } from './fault.ts'

const TIMEOUT_MS = 60_000
/** For leaving in order: session by session, then the process. */
const LEAVE_TIMEOUT_MS = 120_000

/**
 * A worker with sessions. One whose container never ended comes first: only such a one is started again at once, the
 * kubelet lets a later crash wait.
 */
export async function anyWorker(installation: Installation, random: Random): Promise<RunningWorker> {
  const workers = await until('a worker with sessions', TIMEOUT_MS, async () => some(await installation.workers()))
  return random.pick(some(workers.filter(({ restarts }) => restarts === 0)) ?? workers)
}

const some = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined)

export const struck = ({ name, accounts }: RunningWorker, at: number, how = ''): Struck => ({
  at,
  what: `${name} (${accounts.length} sessions)${how}`,
})

/** Until every session has a place, and none has it there. */
export const untilLeft = (installation: Installation, worker: string, timeoutMs = TIMEOUT_MS): Promise<unknown> =>
  until(`no session is on ${worker}`, timeoutMs, async () => {
    return [...(await installation.placements()).values()].every((place) => place !== undefined && place !== worker)
  })

/** SIGKILL in the middle of whatever it does; its container is started again in place. */
export const killWorker: Fault = async (installation, random) => {
  const worker = await anyWorker(installation, random)
  return async () => {
    const at = Date.now()
    signal(worker.pid, 'SIGKILL')
    return struck(worker, at, worker.restarts > 0 ? ', not for the first time' : '')
  }
}

/** SIGKILL, and once more as soon as it is back: a crash loop, so its sessions move. */
export const killWorkerTwice: Fault = async (installation, random) => {
  const worker = await anyWorker(installation, random)
  return async () => {
    const at = Date.now()
    signal(worker.pid, 'SIGKILL')
    const next = await until(`${worker.name} runs again, or will not soon`, TIMEOUT_MS, async () => {
      const pod = await installation.kube.get(PodKind, worker.name)
      if (!pod) return { why: ', which did not come back' }
      const state = pod.status?.containerStatuses?.[0]?.state
      if (state?.waiting?.reason === 'CrashLoopBackOff') return { why: ', which the kubelet keeps waiting' }
      const pid = await installation.berth.processOf(pod)
      return pid !== undefined && pid !== worker.pid && { pid }
    })
    if (next.pid === undefined) return struck(worker, at, next.why)
    signal(next.pid, 'SIGKILL')
    return struck(worker, at)
  }
}

type Removal = (installation: Installation, name: string) => Promise<unknown>

/** Asks for the removal; over when its process is gone, since until then its sessions may well be connected. */
const remove =
  (ask: Removal): Fault =>
  async (installation, random) => {
    const worker = await anyWorker(installation, random)
    const container = identify(worker.pid)
    return async () => {
      const at = Date.now()
      await ask(installation, worker.name)
      await until(`${worker.name} ends`, LEAVE_TIMEOUT_MS, async () => !container || !isRunning(container))
      return struck(worker, at)
    }
  }

/** As `kubectl delete pod` does: SIGTERM, and time to leave. */
export const deletePod = remove(({ kube }, name) => kube.delete(PodKind, name))

/** `kubectl delete pod --force --grace-period=0`: gone from the API at once. */
export const forceDeletePod = remove(({ kube }, name) => kube.delete(PodKind, name, { gracePeriodSeconds: 0 }))

/** `kubectl delete worker`: its sessions move one by one, then it goes. */
export const drainWorker = remove(({ kube }, name) => kube.delete(WorkerKind, name))

/** Stopped for long enough to be taken for dead, and then going on as if nothing had been. */
export const freezeWorker: Fault = async (installation, random) => {
  const worker = await anyWorker(installation, random)
  const ms = random.between(10_000, 20_000)
  return async () => {
    const from = Date.now()
    signal(worker.pid, 'SIGSTOP')
    await delay(ms)
    const frozen = { accounts: worker.accounts, from, until: Date.now() }
    signal(worker.pid, 'SIGCONT') // nobody may be there any more: the operator removes such a pod
    return { ...struck(worker, from, `, for ${since(from)}`), frozen }
  }
}
