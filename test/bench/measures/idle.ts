/** Sessions that do nothing: what they weigh, and how long a new process takes to bring all of them back from Postgres. */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../chaos/until.ts'
import { newPod, WorkerSide } from '../sides/worker.ts'
import type { Stage } from '../stage.ts'
import { cpuMs, rssBytes } from '../usage.ts'

export interface Idle {
  sessions: number
  /** From the start of the process. */
  allConnectedMs: number
  /** CPU of the process from its start until then. */
  cpuMs: number
  rssBytes: number
  /** Above a worker without sessions. */
  rssBytesPerSession: number
}

const TIMEOUT_MS = 600_000
/** Memory counts as settled when it moves by less than this within a look. */
const STILL_BYTES = 1 << 20
const LOOK_MS = 2_000
const LOOKS = 10

/** One after the other, the smallest first; the sessions of the one before are kept. */
export async function idle(stage: Stage, sizes: number[], tell: (line: string) => void): Promise<Idle[]> {
  const pod = newPod()
  let worker = await WorkerSide.start(stage, pod)
  const emptyBytes = await settledRss(worker.pid)
  const measured: Idle[] = []
  let linked = 0
  for (const sessions of sizes) {
    tell(`linking ${sessions - linked} more sessions`)
    await worker.link(await stage.addAccounts(sessions - linked))
    linked = sessions
    await worker.stop()
    const startedAt = performance.now()
    worker = await WorkerSide.start(stage, pod)
    await until('all are connected', TIMEOUT_MS, async () => (await worker.connected()) >= linked)
    const allConnectedMs = performance.now() - startedAt
    const usedMs = cpuMs(worker.pid)
    const bytes = await settledRss(worker.pid)
    const rssBytesPerSession = (bytes - emptyBytes) / sessions
    measured.push({ sessions, allConnectedMs, cpuMs: usedMs, rssBytes: bytes, rssBytesPerSession })
  }
  await worker.stop()
  return measured
}

/** Its memory once it stands still, or after the last look. */
async function settledRss(pid: number): Promise<number> {
  let bytes = rssBytes(pid)
  for (let look = 0; look < LOOKS; look++) {
    await delay(LOOK_MS)
    const now = rssBytes(pid)
    if (Math.abs(now - bytes) < STILL_BYTES) return now
    bytes = now
  }
  return bytes
}
