/** Faults of what is kept: Postgres' disk is full; the Kubernetes API wakes up with what it knew some time ago. */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WorkerKind } from '@berth/core/model/kind.ts'
import { openClient } from '@berth/core/postgres/pool.ts'
import { signal } from '@berth/local/process/identity.ts'
import type { LocalBerth } from '../local-berth.ts'
import { until } from '../until.ts'
import { type Fault, ownBerth, since } from './fault.ts'
import { anyWorker, struck, untilLeft } from './worker.ts'

const TIMEOUT_MS = 60_000

/** Nothing can be written any more, and now and then the server ends for it; until there is room again. */
export const fillDisk: Fault = async (installation, random) => {
  const { database, databaseUrl, surroundings } = ownBerth(installation)
  const { disk } = surroundings
  if (!disk) throw new Error('There is no disk that can be filled.')
  const ms = random.between(5_000, 10_000)
  const logIsFull = random.next() < 0.5
  return async () => {
    const at = Date.now()
    await disk.fill()
    // Its log has room left in the file that it writes: a new one has none.
    if (logIsFull) await inDatabase(databaseUrl, 'SELECT pg_switch_wal()').catch(() => {})
    await delay(ms)
    disk.free()
    await until('postgres writes again', TIMEOUT_MS, async () => {
      await database.ensure()
      await inDatabase(databaseUrl, 'CREATE TEMPORARY TABLE room AS SELECT 1')
      return true
    })
    return { at, what: `postgres' disk${logIsFull ? ' and its log' : ''}, for ${since(at)}` }
  }
}

async function inDatabase(url: string, statement: string): Promise<void> {
  const client = await openClient({ url, role: 'berth_operator', application: 'chaos' })
  try {
    await client.query('RESET ROLE')
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A worker is drained, and then the API is as it was before: its sessions are said to be where they are no more. */
export const restoreKubernetes: Fault = async (installation, random) => {
  const berth = ownBerth(installation)
  const worker = await anyWorker(installation, random)
  const folder = join(berth.dataDir, 'kubernetes')
  const copy = join(berth.dataDir, 'kubernetes-copy')
  return async () => {
    const at = Date.now()
    await whileStopped(await kubernetesOf(berth), async () => {
      await rm(copy, { recursive: true, force: true })
      await cp(folder, copy, { recursive: true })
    })
    await installation.kube.delete(WorkerKind, worker.name)
    await untilLeft(installation, worker.name, TIMEOUT_MS)
    const pid = await kubernetesOf(berth)
    await whileStopped(pid, async () => {
      await rm(folder, { recursive: true })
      await cp(copy, folder, { recursive: true })
      signal(pid, 'SIGKILL') // before it can write what it knows
    })
    return struck(worker, at, ` drained, then kubernetes as it was ${since(at)} before`)
  }
}

const kubernetesOf = (berth: LocalBerth): Promise<number> =>
  until('kubernetes runs', TIMEOUT_MS, async () => (await berth.pids()).kubernetes)

async function whileStopped(pid: number, work: () => Promise<void>): Promise<void> {
  signal(pid, 'SIGSTOP')
  try {
    await work()
  } finally {
    signal(pid, 'SIGCONT')
  }
}
