/** The rules of our CRDs that say what may follow what; test/kube holds the real ones to their words. */
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import type { KubeObject } from './object.ts'

/** Which rule a change breaks. */
export function breaksRule(plural: string, after: KubeObject, before: KubeObject): string | undefined {
  if (plural === 'whatsappsessions') return ofSession(after as WhatsAppSession, before as WhatsAppSession)
  if (plural === 'workers') return ofWorker(after as unknown as Worker, before as unknown as Worker)
  return undefined
}

function ofSession({ status: after }: WhatsAppSession, { status: before }: WhatsAppSession): string | undefined {
  const [next, last] = [after?.placement, before?.placement]
  if (next && last) {
    if (next.generation < last.generation) return 'the generation of a placement never falls'
    const isSame = next.worker === last.worker && next.podUID === last.podUID
    if (next.generation === last.generation && !isSame) return 'another worker needs a higher generation'
  }
  const fell = (after?.connection?.epoch ?? Number.POSITIVE_INFINITY) < (before?.connection?.epoch ?? 0)
  return fell ? 'the epoch of a connection never falls' : undefined
}

function ofWorker({ spec: after }: Worker, { spec: before }: Worker): string | undefined {
  if (after.tier !== before.tier) return "a worker's tier can't be changed"
  const isGiven = before.tenant !== undefined && after.tenant !== before.tenant
  return isGiven ? 'a dedicated worker is never given to another tenant' : undefined
}
