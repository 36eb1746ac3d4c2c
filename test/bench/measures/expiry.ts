/**
 * False expiries: all sessions of a worker log in at once while every core is kept busy by somebody else, and the real
 * operator judges the worker's lease. It lives all the time, so every revocation is a false one. In the end the worker is
 * stopped for good, to see that the operator would have revoked it.
 */
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { until } from '../../chaos/until.ts'
import { asOwner } from '../../postgres/as-owner.ts'
import { Child } from '../child.ts'
import { newPod, WorkerSide } from '../sides/worker.ts'
import type { Stage } from '../stage.ts'

export interface Expiry {
  sessions: number
  seconds: number
  /** Sessions that were connected in the end. */
  connected: number
  /** Leases that were revoked although their process lived; 0 is right. */
  revoked: number
  renewals: number
  /** The longest time between two renewals, by the clock of Postgres. A lease lasts 5 s. */
  worstGapMs: number
}

const MAIN = fileURLToPath(import.meta.resolve('@berth/operator/main.ts'))
/** The bench's sessions are no business of this operator: it looks at a namespace without any. Leases know no namespace. */
const NAMESPACE = 'default'
const TIMEOUT_MS = 120_000

export async function expiry(
  stage: Stage,
  { sessions, seconds }: { sessions: number; seconds: number },
  tell: (line: string) => void,
): Promise<Expiry> {
  const pod = newPod()
  tell(`linking ${sessions} sessions`)
  const before = await WorkerSide.start(stage, pod)
  await before.link(await stage.addAccounts(sessions))
  await before.stop()

  await recordRenewals(stage)
  const operator = await startOperator(stage)
  tell(`${availableParallelism()} cores busy for ${seconds} s`)
  const burners = Array.from({ length: availableParallelism() }, () => new Child('-e', { args: ['for (;;);'] }))
  const worker = await WorkerSide.start(stage, pod)
  await delay(seconds * 1000)
  await Promise.all(burners.map((burner) => burner.stop()))
  const measured = { ...(await renewalsOf(stage, pod.uid)), revoked: await revokedBoots(stage) }
  const connected = await until('the worker answers', TIMEOUT_MS, async () => String(await worker.connected()))

  process.kill(worker.pid, 'SIGSTOP')
  await until('the operator revokes it', TIMEOUT_MS, async () => (await revokedBoots(stage)) > measured.revoked)
  process.kill(worker.pid, 'SIGKILL')
  await Promise.all([worker.stop(), operator.stop()])
  return { sessions, seconds, connected: Number(connected), ...measured }
}

/** Postgres writes down when each renewal comes, so that none is missed on a busy machine. */
async function recordRenewals({ operator }: Stage): Promise<void> {
  const statements = [
    'CREATE TABLE public.renewal (pod_uid uuid, boot_id uuid, at timestamptz DEFAULT clock_timestamp())',
    'GRANT INSERT ON public.renewal TO berth_definer',
    `CREATE FUNCTION public.record_renewal() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN INSERT INTO public.renewal (pod_uid, boot_id) VALUES (NEW.pod_uid, NEW.boot_id); RETURN NULL; END $$`,
    `CREATE TRIGGER record_renewal AFTER INSERT OR UPDATE OF renewals ON berth.worker_lease
     FOR EACH ROW EXECUTE FUNCTION public.record_renewal()`,
  ]
  for (const statement of statements) await asOwner(operator, statement)
}

/** Since renewals are recorded; the time since the last one is a gap as well. */
async function renewalsOf({ operator }: Stage, podUid: string): Promise<Pick<Expiry, 'renewals' | 'worstGapMs'>> {
  const { rows } = await asOwner(
    operator,
    `SELECT count(*)::int AS renewals, max(extract(epoch FROM next - at) * 1000)::float8 AS "worstGapMs"
     FROM (SELECT at, lead(at, 1, clock_timestamp()) OVER (PARTITION BY boot_id ORDER BY at) AS next
           FROM public.renewal WHERE pod_uid = '${podUid}') gaps`,
  )
  return rows[0]
}

async function revokedBoots({ operator }: Stage): Promise<number> {
  const { rows } = await operator.query('SELECT count(*)::int AS count FROM worker_lease WHERE revoked_at IS NOT NULL')
  return rows[0].count
}

async function startOperator(stage: Stage): Promise<Child> {
  const operator = new Child(MAIN, {
    env: {
      DATABASE_URL: stage.databaseUrl,
      KUBECONFIG: stage.kubeconfig,
      BERTH_NAMESPACE: NAMESPACE,
      POD_NAME: 'operator',
      HOST: '127.0.0.1',
      PORT: '0',
    },
  })
  await until('the operator leads', TIMEOUT_MS, async () => {
    const { rows } = await stage.operator.query('SELECT FROM operator_leader WHERE id IS NOT NULL')
    return rows.length === 1
  })
  return operator
}
