/** A network that fails: packets between a worker that goes on running and one other part are dropped, both ways. */
import { setTimeout as delay } from 'node:timers/promises'
import { PodKind } from '@berth/core/model/kind.ts'
import type { Fault } from '../../chaos/faults/fault.ts'
import { untilLeft } from '../../chaos/faults/worker.ts'
import { until } from '../../chaos/until.ts'
import type { ClusterBerth } from '../cluster-berth.ts'
import { type InCluster, podsOf, TIMEOUT_MS, untilBack } from '../place.ts'

/** So long that a watch or a call is noticed to hang. */
const CUT_MS = 20_000

/** @param peers whom it is cut from: addresses, or address:port */
const cutFrom =
  (
    title: string,
    peers: (installation: InCluster) => Promise<string[]>,
    untilOver: (installation: InCluster, worker: string) => Promise<unknown>,
  ): Fault<ClusterBerth> =>
  async (installation, random) => {
    const { cluster } = installation.berth
    const workers = await until('a worker with sessions', TIMEOUT_MS, async () => {
      const found = await installation.workers()
      return found.length > 0 && found
    })
    const { name, accounts } = random.pick(workers)
    const { metadata } = (await installation.kube.get(PodKind, name))!
    const uid = metadata.uid!
    const others = await peers(installation)
    return async () => {
      const at = Date.now()
      await cluster.cutPod(uid, others)
      try {
        await untilOver(installation, name)
      } finally {
        await cluster.healPod(uid)
      }
      // Whoever was taken for dead and is not could not be told.
      const frozen = { accounts, from: at, until: Date.now() }
      return { at, what: `${name} (${accounts.length} sessions) from ${title}`, frozen }
    }
  }

const aWhile = () => delay(CUT_MS)

/** Its sessions go on: all that it has from there is word of changes. */
export const cutFromApiServer = cutFrom('the API server', async ({ berth }) => [berth.cluster.apiAddress], aWhile)

/** It can't say that it lives, so its sessions go elsewhere. */
export const cutFromPostgres = cutFrom(
  'Postgres',
  async ({ berth: { databaseAddress } }) => [`${databaseAddress.address}:${databaseAddress.port}`],
  async (installation, worker) => {
    await untilLeft(installation, worker, TIMEOUT_MS)
    await untilBack(installation)
  },
)

/** Its connections stay open, and nothing comes through. */
export const cutFromWhatsapp = cutFrom(
  'WhatsApp',
  async ({ berth: { simulatorUrl } }) => [new URL(simulatorUrl).host],
  aWhile,
)

/** Sends are rows in Postgres first, and it finds them there. */
export const cutFromGateways = cutFrom(
  'the gateways',
  async (installation) => (await podsOf(installation, 'gateway')).flatMap(({ status }) => status?.podIP ?? []),
  aWhile,
)
