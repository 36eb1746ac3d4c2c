/**
 * The thread that renews the lease every second, on a connection of its own, so that a busy main loop does not cost the
 * lease. A main loop that stands still for 10 s is a dead worker: then the lease is left to expire. Every few renewals say how
 * busy the process is.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { sleep } from '@berth/core/kube/sleep.ts'
import { renewLeaseWithLoad } from '@berth/core/postgres/load.ts'
import { renewLease } from '@berth/core/postgres/ownership.ts'
import { openClient } from '@berth/core/postgres/pool.ts'
import { within } from '../store/within.ts'
import { LeaseClock, monotonicMs } from './clock.ts'

export interface LeaseThreadData {
  url: string
  bootId: string
  clock: SharedArrayBuffer
}
export type LeaseThreadMessage = { event: 'refused' } | { event: 'failed'; message: string }

const PERIOD_MS = 1000
const ANSWER_MS = 3000
const STANDSTILL_MS = 10_000

const { url, bootId, clock: buffer } = workerData as LeaseThreadData
const clock = new LeaseClock(buffer)
const tell = (message: LeaseThreadMessage): void => parentPort!.postMessage(message)

let client: Awaited<ReturnType<typeof openClient>> | undefined
let lastBeats = -1n
let lastBeatAt = monotonicMs()
let lastMeasurements = 0n

const mainLoopIsAlive = (now: number): boolean => {
  if (clock.beats !== lastBeats) {
    lastBeats = clock.beats
    lastBeatAt = now
  }
  return now - lastBeatAt < STANDSTILL_MS
}

/** With the load, when that was measured since it was last told. */
async function renew(db: NonNullable<typeof client>): Promise<boolean> {
  const { measurements } = clock
  if (measurements === lastMeasurements) return renewLease(db, bootId)
  const alive = await renewLeaseWithLoad(db, bootId, clock.load)
  lastMeasurements = measurements
  return alive
}

for (;;) {
  const startedAt = monotonicMs()
  if (mainLoopIsAlive(startedAt)) {
    try {
      client ??= await openClient({ url, role: 'berth_worker', application: 'berth-worker-lease' })
      if (!(await within(ANSWER_MS, renew(client)))) {
        tell({ event: 'refused' })
        break
      }
      await failpoint('lease.renewed')
      clock.renewed(startedAt)
    } catch (error) {
      tell({ event: 'failed', message: (error as Error).message })
      client?.end().catch(() => {})
      client = undefined
    }
  }
  await sleep(Math.max(100, startedAt + PERIOD_MS - monotonicMs()))
}
