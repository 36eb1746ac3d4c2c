/** Tenants and sessions: those that are not ready, by reason, each with what to do. Pure. */
import { type Advice, adviceOn, PASSING_MS } from '../advice.ts'
import { type SessionRecord, sessionRecord, type TenantRecord, tenantRecord } from '../records.ts'
import { duration } from '../time.ts'
import { type Check, fail, ok, some, warn } from './check.ts'
import type { DoctorSnapshot } from './snapshot.ts'

/** Reasons of a tenant that its sessions tell better. */
const TOLD_BY_SESSIONS = new Set(['NoCapacity', 'QuotaExceeded', 'NameTaken', 'Suspended'])

export function tenantChecks({ tenants, now }: DoctorSnapshot): Check[] {
  const about = 'Tenants'
  if ('error' in tenants) return [fail(about, tenants.error)]
  const records = tenants.value.map(tenantRecord)
  const suspended = records.filter(({ state }) => state === 'Suspended').length
  const bad = records.filter((tenant) => !tenant.ready && !TOLD_BY_SESSIONS.has(tenant.reason) && isOld(tenant, now))
  const counts = `${records.length} of them${suspended > 0 ? `, ${suspended} suspended` : ''}.`
  return [
    ok(about, records.length > 0 ? counts : 'none yet.'),
    ...[...Map.groupBy(bad, ({ reason }) => reason)].map(([reason, same]) => {
      return warn(about, `${same.length} ${reason}: ${some(same.map(({ name }) => name))}. ${same[0]!.message}`)
    }),
  ]
}

export function sessionChecks({ sessions, now }: DoctorSnapshot): Check[] {
  const about = 'Sessions'
  if ('error' in sessions) return [fail(about, sessions.error)]
  const records = sessions.value.map(sessionRecord)
  if (records.length === 0) return [ok(about, 'none yet.')]
  const unready = Map.groupBy(
    records.filter(({ ready }) => !ready),
    ({ reason }) => reason,
  )
  return [
    ok(about, `${records.filter(({ ready }) => ready).length} of ${records.length} are connected.`),
    ...[...unready].flatMap(([reason, same]) => reasonChecks(about, reason, same, now)),
  ]
}

/** What passes by itself is told apart from what should have passed long ago. */
function reasonChecks(about: string, reason: string, same: SessionRecord[], now: Date): Check[] {
  const { concern } = adviceOn(reason)
  const isPassing = concern === 'passing' || concern === 'connecting'
  const lasting = isPassing ? same.filter((session) => isOld(session, now)) : same
  const recent = same.length - lasting.length
  return [
    ...(recent > 0 ? [ok(about, `${recent} ${reason}, which passes by itself.`)] : []),
    ...(lasting.length > 0 ? [lastingCheck(about, reason, lasting, concern, now)] : []),
  ]
}

function lastingCheck(
  about: string,
  reason: string,
  same: SessionRecord[],
  concern: Advice['concern'],
  now: Date,
): Check {
  const [first] = same
  const oldest = Math.max(...same.map(({ since }) => now.getTime() - Date.parse(since ?? '') || 0))
  const names = some(same.map(({ name }) => name))
  const { remedy } = adviceOn(reason, first)
  const say = concern === 'fine' ? ok : concern === 'passing' ? fail : warn
  return say(about, `${same.length} ${reason}, up to ${duration(oldest)}: ${names}. ${remedy}`)
}

const isOld = ({ since }: SessionRecord | TenantRecord, now: Date): boolean =>
  since === undefined || now.getTime() - Date.parse(since) > PASSING_MS
