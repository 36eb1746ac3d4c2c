/** The database, the gateway, the workers and their leases, and the machine of local mode. Pure. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import { KEEPSAKE_NAME } from '@berth/core/model/keepsake.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import { PASSING_MS } from '../advice.ts'
import { NAME_THE_GATEWAY } from '../connection.ts'
import { PROGRAM } from '../program.ts'
import { type WorkerRecord, workerRecord } from '../records.ts'
import { duration } from '../time.ts'
import { type Check, fail, ok, some, warn } from './check.ts'
import type { DoctorSnapshot } from './snapshot.ts'

/** The operator that leads writes its canary with every poll, once a second. */
const CANARY_LATE_MS = 10_000

export function databaseCheck({ database, local }: DoctorSnapshot): Check {
  const about = 'Database'
  if ('error' in database) {
    // A database inside a cluster is often closed to the outside, and well.
    if (local) return fail(about, database.error)
    return warn(about, `${database.error} It was not asked about leases and clocks.`)
  }
  const { canaryMsAgo } = database.value
  if (canaryMsAgo === null || canaryMsAgo > CANARY_LATE_MS) {
    const since = canaryMsAgo === null ? 'ever' : `for ${duration(canaryMsAgo)}`
    return fail(about, `answers, but no operator has written to it ${since}: see the operator's log.`)
  }
  const { inDoubt, distrusted } = database.value
  if (inDoubt) {
    return fail(
      about,
      'is in doubt: nobody logs in until it is certain that it has all that was written. The operator answers that in some ' +
        `seconds; if not, kubectl describe configmap ${KEEPSAKE_NAME} says what it waits for.`,
    )
  }
  if (distrusted > 0) {
    return warn(
      about,
      `went back in time: ${distrusted} sessions still have to get new keys, at their next login. See docs/operations.md.`,
    )
  }
  return ok(about, 'answers, has the schema of this release, and the operator writes to it.')
}

export function gatewayCheck({ gateway }: DoctorSnapshot): Check {
  const about = 'Gateway'
  if (!gateway) return warn(about, `was not asked: ${NAME_THE_GATEWAY}.`)
  if ('error' in gateway) return fail(about, gateway.error)
  return ok(about, `${gateway.value.url} is ready; it answered in ${gateway.value.ms} ms.`)
}

export function tierChecks({ tiers, workers }: DoctorSnapshot): Check[] {
  const about = 'Tiers'
  if ('error' in tiers) return [fail(about, tiers.error)]
  if (tiers.value.length === 0) {
    return [fail(about, `there are none, so no tenant can be placed: ${PROGRAM} apply -f examples/tiers.yaml`)]
  }
  const records = 'value' in workers ? workers.value.map(workerRecord) : []
  const full = tiers.value.filter((tier) => isFull(tier, records)).map(({ metadata }) => metadata.name)
  const names = some(tiers.value.map(({ metadata }) => metadata.name))
  const stopped = tiers.value.flatMap((tier) => stoppedUpdate(about, tier))
  if (full.length === 0) return [...(stopped.length > 0 ? [] : [ok(about, `${names}.`)]), ...stopped]
  const remedy = 'has no free slot and as many workers as it may: raise its spec.workers.max.'
  return [warn(about, `${some(full)} ${remedy}`), ...stopped]
}

function stoppedUpdate(about: string, { metadata, status }: Tier): Check[] {
  const progress = getCondition(status?.conditions, 'Progressing')
  return progress?.status === 'False' ? [warn(about, `the update of ${metadata.name}: ${progress.message}`)] : []
}

/** No worker of it could take one more tenant, and none may be made. */
function isFull({ metadata, spec }: Tier, workers: WorkerRecord[]): boolean {
  const own = workers.filter(({ tier }) => tier === metadata.name)
  const hasSlot = own.some(
    ({ ready, desiredState, tenants }) =>
      ready && desiredState === 'Active' && tenants < spec.placement.tenantsPerWorker,
  )
  return !hasSlot && own.length >= (spec.workers.replicas ?? spec.workers.max)
}

export function workerChecks({ workers, tiers, now }: DoctorSnapshot): Check[] {
  const about = 'Workers'
  if ('error' in workers) return [fail(about, workers.error)]
  const records = workers.value.map(workerRecord)
  const ready = records.filter((worker) => worker.ready)
  const summary = `${ready.length} of ${records.length} are ready.`
  const wanted = 'value' in tiers && tiers.value.some(({ spec }) => (spec.workers.replicas ?? spec.workers.max) > 0)
  if (ready.length === 0 && wanted) {
    return [fail(about, `${summary} No session can run. See ${PROGRAM} workers list, and the operator's log.`)]
  }
  const unready = records.filter((worker) => !worker.ready && isLasting(worker, now))
  const resting = ready.filter(({ desiredState }) => desiredState !== 'Active').map(({ name }) => name)
  return [
    ok(about, summary),
    ...unready.map(({ name, reason, message, since }) =>
      fail(about, `${name} is ${reason} for ${duration(now.getTime() - Date.parse(since ?? ''))}. ${message}`),
    ),
    ...(resting.length > 0
      ? [warn(about, `${some(resting)} take nothing. When the work is done: ${PROGRAM} workers uncordon ${resting[0]}`)]
      : []),
  ]
}

const isLasting = ({ since }: WorkerRecord, now: Date): boolean =>
  since !== undefined && now.getTime() - Date.parse(since) > PASSING_MS

/** Workers renew every second; one that was not seen for five is taken for dead. */
const RENEWAL_LATE_MS = 3000
const RENEWAL_LOST_MS = 10_000

export function leaseCheck({ database, workers }: DoctorSnapshot): Check[] {
  if ('error' in database || 'error' in workers) return []
  const about = 'Leases'
  const ready = workers.value.map(workerRecord).filter((worker) => worker.ready)
  const renewed = new Map(database.value.leases.map(({ worker, renewedMsAgo }) => [worker, renewedMsAgo]))
  const lateness = ready.map(({ name }) => ({ name, ms: renewed.get(name) ?? Number.POSITIVE_INFINITY }))
  const lost = lateness.filter(({ ms }) => ms > RENEWAL_LOST_MS).map(({ name }) => name)
  const late = lateness.filter(({ ms }) => ms > RENEWAL_LATE_MS && ms <= RENEWAL_LOST_MS).map(({ name }) => name)
  const remedy = 'Its process stands still, or does not reach the database: read its log.'
  if (lost.length > 0) return [fail(about, `${some(lost)} is called ready and does not renew its lease. ${remedy}`)]
  if (late.length > 0) return [warn(about, `${some(late)} renews its lease late. ${remedy}`)]
  return ready.length > 0 ? [ok(about, `all ${ready.length} ready workers renew theirs.`)] : []
}

/** Safety does not rest on clocks, but what people read does. */
const SKEW_MS = 5000

export function clockCheck({ now, database, gateway }: DoctorSnapshot): Check[] {
  const about = 'Clocks'
  const clocks: [string, Date][] = []
  if ('value' in database) clocks.push(['the database', database.value.now])
  if (gateway && 'value' in gateway) clocks.push(['the gateway', gateway.value.now])
  if (clocks.length === 0) return []
  const wrong = clocks.filter(([, time]) => Math.abs(time.getTime() - now.getTime()) > SKEW_MS).map(([name]) => name)
  if (wrong.length === 0) return [ok(about, `${clocks.map(([name]) => name).join(' and ')} and this machine agree.`)]
  return [
    warn(about, `${some(wrong)} and this machine differ by more than 5 s: times are misleading. Synchronize them.`),
  ]
}

const GIB = 1024 ** 3
const LITTLE_BYTES = GIB
const TOO_LITTLE_BYTES = 0.2 * GIB

export function diskCheck({ local }: DoctorSnapshot): Check[] {
  if (!local) return []
  const says = `${(local.freeBytes / GIB).toFixed(1)} GiB are free below ${local.folder}.`
  if (local.freeBytes > LITTLE_BYTES) return [ok('Disk', says)]
  const remedy = 'Make room: Postgres stops when nothing is left.'
  return [(local.freeBytes > TOO_LITTLE_BYTES ? warn : fail)('Disk', `${says} ${remedy}`)]
}
