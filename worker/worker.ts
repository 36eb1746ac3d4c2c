/**
 * A worker: one boot that holds sessions. Listening first, then the lease, then the sessions.
 *
 * Ends in one of three ways: stopped (sessions are given back one by one, then the lease is ended), revoked (another boot
 * may own the sessions already: every socket is closed at once), or because the database went back in time.
 */
import { randomUUID } from 'node:crypto'
import { type AddressInfo, isIPv6 } from 'node:net'
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { KubeClient } from '@berth/core/kube/client.ts'
import type { KubeConfig } from '@berth/core/kube/config.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import { sleep } from '@berth/core/kube/sleep.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import { requireSchema, SchemaMismatch } from '@berth/core/postgres/migrate.ts'
import { endLease, openLease } from '@berth/core/postgres/ownership.ts'
import { openClient, openPool, type Pool } from '@berth/core/postgres/pool.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { WorkerConfig } from './config.ts'
import type { DriverFactory } from './drivers/driver.ts'
import { createHttpServer } from './http/server.ts'
import { StatusWriter } from './kube-status.ts'
import { monotonicMs } from './lease/clock.ts'
import { Lease } from './lease/lease.ts'
import { countLoginQueues, countSessions } from './metrics.ts'
import { Supervisor } from './sessions/supervisor.ts'
import { Cache } from './store/cache.ts'
import { Committer } from './store/committer.ts'
import { Loader } from './store/loader.ts'
import { persist } from './store/persist.ts'
import { Voucher } from './store/voucher.ts'
import { within } from './store/within.ts'

const CACHE_BYTES = 64 * 1024 * 1024
const POOL_CONNECTIONS = 3
const ROLE = 'berth_worker'

export interface WorkerParts {
  config: WorkerConfig
  kube: KubeConfig
  drivers: DriverFactory
  /** The boot is over without having been stopped: the process must exit with an error. Its sockets are closed. */
  onDead: (reason: string) => void
  log: Logger
}

export interface RunningWorker {
  bootId: string
  /** Where the gateway reaches it. */
  address: string
  /**
   * Gives everything back; resolves when the process may exit. `handOver`: sessions are kept until their next workers ask for
   * them, if any do.
   */
  stop(how?: { handOver: boolean }): Promise<void>
}

/** Resolves when the lease is open and sessions are being watched. Rejects when the database is not fit for this release. */
export async function startWorker({ config, kube, drivers, onDead, log }: WorkerParts): Promise<RunningWorker> {
  const bootId = randomUUID()
  const url = config.databaseUrl
  const pool = openPool({ url, role: ROLE, application: 'berth-worker', max: POOL_CONNECTIONS })
  const client = new KubeClient(kube, { component: 'worker' })
  const find = (sessionId: string) => supervisor.get(sessionId)
  let lease: Lease | undefined
  let dead = false
  let stopping = false

  const die = (reason: string): void => {
    if (dead) return
    dead = true
    supervisor.destroy(new Error(reason))
    if (!stopping) onDead(reason)
  }
  const committer = new Committer({
    bootId,
    connect: () => openClient({ url, role: ROLE, application: 'berth-worker-commits' }),
    onWentBack: (error) => {
      log.error({ err: error }, 'the database went back in time: nothing goes on until it was repaired')
      die(error.message)
    },
    log,
  })
  const reflector = new Reflector(client, SessionKind, {
    namespace: config.namespace,
    fieldSelector: `status.placement.worker=${config.worker}`,
    onChange: () => supervisor.reconcileSoon(),
    log,
  })
  const status = new StatusWriter({ client, sessions: reflector, find, log })
  const supervisor: Supervisor = new Supervisor({
    pool,
    bootId,
    podUid: config.podUid,
    keys: config.encryptionKeys,
    channelKeys: config.channelKeys,
    sessions: reflector,
    committer,
    loader: new Loader(pool, bootId, log),
    cache: new Cache(CACHE_BYTES),
    drivers,
    media: config.media,
    status,
    mayAct: () => Boolean(lease?.mayAct) && !dead,
    log,
  })
  const http = createHttpServer({
    token: config.internalToken,
    find,
    wake: (session) => supervisor.wake(session),
    notReady: () => {
      if (stopping) return 'the worker is stopping'
      if (!lease?.mayAct) return 'the lease was not renewed lately'
      return reflector.isSynced ? undefined : 'the sessions were not listed yet'
    },
    log,
  })
  countSessions(() => supervisor.list().map((session) => session.state.state))
  countLoginQueues(() => supervisor.loginQueues())

  await http.listen({ host: listenOn(config.podIp), port: config.port })
  const { port } = http.server.address() as AddressInfo
  const address = `http://${isIPv6(config.podIp) ? `[${config.podIp}]` : config.podIp}:${port}`
  await requireFit(pool, log)
  const boot = { bootId, podUid: config.podUid, worker: config.worker, address }
  const openedAt = await persist('lease', log, async () => {
    const askedAt = monotonicMs()
    await openLease(pool, boot)
    return askedAt
  })
  await failpoint('lease.opened')
  const voucher = new Voucher({
    pool,
    bootId,
    committer,
    held: () => supervisor.list().map(({ owner }) => owner),
    released: () => supervisor.released(),
    log,
  })
  lease = new Lease({ databaseUrl: url, bootId, openedAt, onRefused: die, log })
  reflector.start()
  supervisor.start()
  log.info({ bootId, address }, 'the worker is running')

  return {
    bootId,
    address,
    async stop({ handOver } = { handOver: false }) {
      stopping = true
      const giveBack = async () => {
        if (handOver) await supervisor.handOver()
        await reflector.stop()
        await supervisor.stop()
      }
      await Promise.race([giveBack(), sleep(config.stopMs)])
      supervisor.destroy(new Error('the worker stops')) // whatever did not leave in time
      await status.stop()
      await failpoint('drain.all-left')
      await within(2000, endLease(pool, bootId)).catch((error) => log.warn({ err: error }, 'the lease was not ended'))
      await lease?.stop()
      voucher.stop()
      await committer.stop()
      await http.close()
      await client.close()
      await pool.end()
    },
  }
}

/** Waits for the database; rejects when its schema is not the one of this release. */
async function requireFit(pool: Pool, log: Logger): Promise<void> {
  const mismatch = await persist('schema', log, () =>
    requireSchema(pool).catch((error) => {
      if (error instanceof SchemaMismatch) return error
      throw error
    }),
  )
  if (mismatch) throw mismatch
}

/** A pod listens on all its addresses, so that a port can be forwarded to it; on one machine it keeps to loopback. */
const listenOn = (podIp: string): string => {
  if (podIp.startsWith('127.') || podIp === '::1') return podIp
  return isIPv6(podIp) ? '::' : '0.0.0.0'
}
