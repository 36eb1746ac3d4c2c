/** Faults of what workers need: the API server away, operators and gateways replaced. */
import { setTimeout as delay } from 'node:timers/promises'
import { WorkerKind } from '@berth/core/model/kind.ts'
import { signal } from '@berth/local/process/identity.ts'
import { type Fault, since } from '../../chaos/faults/fault.ts'
import { anyWorker, struck, untilLeft } from '../../chaos/faults/worker.ts'
import { until } from '../../chaos/until.ts'
import type { ClusterBerth } from '../cluster-berth.ts'
import { leader, TIMEOUT_MS } from '../place.ts'

export const stopApiServerFor =
  (ms: number): Fault<ClusterBerth> =>
  async ({ berth }) =>
  async () => {
    const at = Date.now()
    await berth.cluster.stopApiServer()
    await delay(ms)
    await berth.cluster.startApiServer()
    return { at, what: `API server, for ${since(at)}` }
  }

/** A worker is drained, and then etcd is as it was before: its sessions are said to be where they are no more. */
export const restoreEtcd: Fault<ClusterBerth> = async (installation, random) => {
  const { cluster } = installation.berth
  const worker = await anyWorker(installation, random)
  return async () => {
    await cluster.keepState()
    const keptAt = Date.now()
    await installation.kube.delete(WorkerKind, worker.name)
    await untilLeft(installation, worker.name, TIMEOUT_MS)
    const at = Date.now()
    await cluster.restoreState()
    return { ...struck(worker, at), what: `${worker.name} drained, then etcd as it was ${since(keptAt)} before` }
  }
}

/** The leader stands still until another leads, and then goes on: for a moment both believe that they do. */
export const freezeLeader: Fault<ClusterBerth> = async (installation) => {
  const { cluster } = installation.berth
  const { metadata, spec } = await leader(installation)
  const [pid] = await cluster.containerProcesses(metadata.uid!, spec.containers[0]!.name)
  return async () => {
    const at = Date.now()
    signal(pid!, 'SIGSTOP')
    try {
      await until('somebody else leads', TIMEOUT_MS, async () => {
        return (await leader(installation)).metadata.name !== metadata.name
      })
    } finally {
      signal(pid!, 'SIGCONT')
    }
    return { at, what: `${metadata.name}, for ${since(at)}` }
  }
}

/** `kubectl rollout restart`: one after the other. */
export const restart =
  (part: 'operator' | 'gateway'): Fault<ClusterBerth> =>
  async ({ berth: { kubectl } }) =>
  async () => {
    const at = Date.now()
    const deployment = `deployment/berth-${part}`
    await kubectl.run(['rollout', 'restart', deployment])
    await kubectl.run(['rollout', 'status', deployment, `--timeout=${TIMEOUT_MS / 1000}s`])
    return { at, what: `${deployment}, for ${since(at)}` }
  }
