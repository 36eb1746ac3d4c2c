/** Faults of a node: emptied for maintenance, or lost from one moment to the next. */
import { PodKind, WorkerKind } from '@berth/core/model/kind.ts'
import { type Fault, since } from '../../chaos/faults/fault.ts'
import { until } from '../../chaos/until.ts'
import type { ClusterBerth } from '../cluster-berth.ts'
import { busiestNode, type InCluster, leader, nodesOfAccounts, PARTS, podsOf, TIMEOUT_MS, untilBack } from '../place.ts'

/** `kubectl drain`, and `uncordon` once all is back elsewhere. */
export const drainNode: Fault<ClusterBerth> = async (installation) => {
  const { kubectl } = installation.berth
  await spreadOut(installation)
  const node = await busiestNode(installation)
  await putSparesElsewhere(installation, node)
  const accounts = await accountsOn(installation, node)
  return async () => {
    const at = Date.now()
    try {
      await kubectl.run(['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=180s'])
      await untilBack(installation, node)
    } finally {
      await kubectl.run(['uncordon', node])
    }
    return { at, what: `${node} (${accounts.length} sessions)` }
  }
}

/**
 * As when the power goes: kubelet, containerd and all pods of it, at once. It comes back when all sessions are elsewhere.
 * @param withLeader with the operator that leads on it, or without
 */
export const loseNode =
  (withLeader: boolean): Fault<ClusterBerth> =>
  async (installation) => {
    const { cluster } = installation.berth
    await spreadOut(installation)
    const node = await busiestNode(installation)
    await putSparesElsewhere(installation, node)
    await putLeader(installation, node, withLeader)
    const accounts = await accountsOn(installation, node)
    return async () => {
      const at = Date.now()
      try {
        await cluster.stopNode(node)
        await untilBack(installation, node)
        // Nobody closed the connections of its pods.
        const frozen = { accounts, from: at, until: Date.now() }
        return { at, what: `${node} (${accounts.length} sessions), for ${since(at)}`, frozen }
      } finally {
        await cluster.startNode(node)
        await untilReady(installation, node)
      }
    }
  }

async function accountsOn(installation: InCluster, node: string): Promise<string[]> {
  return [...(await nodesOfAccounts(installation))].flatMap(([account, where]) => (where === node ? [account] : []))
}

/** The replicas of operator and gateway on different nodes, as the scheduler puts them while all nodes are there. */
async function spreadOut(installation: InCluster): Promise<void> {
  for (const part of ['operator', 'gateway'] as const) {
    await until(`the ${part}s are on different nodes`, TIMEOUT_MS, async () => {
      const pods = await podsOf(installation, part)
      if (pods.some(({ metadata, status }) => metadata.deletionTimestamp || !isReady(status))) return false
      const doubled = pods.find(({ spec }, i) => pods.findIndex((pod) => pod.spec.nodeName === spec.nodeName) < i)
      if (!doubled) return true
      await installation.kube.delete(PodKind, doubled.metadata.name!)
      return false
    })
  }
}

/**
 * An empty worker of each tier on another node, as it is while all nodes are there from the start. Where nodes were away
 * since, nothing moves them back.
 */
async function putSparesElsewhere({ kube }: InCluster, node: string): Promise<void> {
  await until(`every tier has an empty worker elsewhere than on ${node}`, TIMEOUT_MS, async () => {
    const workers = (await kube.list(WorkerKind)).items.filter(({ metadata }) => !metadata.deletionTimestamp)
    const spares = workers.filter(({ status }) => status?.tenants === 0)
    const tiers = [...new Set(workers.map(({ spec }) => spec.tier))]
    const without = tiers.filter(
      (tier) => !spares.some(({ spec, status }) => spec.tier === tier && status?.node !== node && isReady(status)),
    )
    const misplaced = spares.filter(({ spec, status }) => without.includes(spec.tier) && status?.node === node)
    for (const { metadata } of misplaced) await kube.delete(WorkerKind, metadata.name!)
    return without.length === 0
  })
}

/** Deletes the leader's pod where it is on the wrong node, so that the other one takes over. */
async function putLeader(installation: InCluster, node: string, wanted: boolean): Promise<void> {
  await until(`the leader is ${wanted ? '' : 'not '}on ${node}`, TIMEOUT_MS, async () => {
    const pod = await leader(installation)
    if ((pod.spec.nodeName === node) === wanted && !pod.metadata.deletionTimestamp) return true
    await installation.kube.delete(PodKind, pod.metadata.name!)
    await until('somebody else leads', TIMEOUT_MS, async () => {
      return (await leader(installation)).metadata.name !== pod.metadata.name
    })
    await spreadOut(installation)
    return false
  })
}

async function untilReady(installation: InCluster, node: string): Promise<void> {
  const { kubectl } = installation.berth
  await kubectl.run(['wait', `node/${node}`, '--for=condition=Ready', `--timeout=${TIMEOUT_MS / 1000}s`])
  for (const part of PARTS) {
    await until(`the ${part}s are ready`, TIMEOUT_MS, async () => {
      const pods = await podsOf(installation, part)
      return pods.length > 0 && pods.every(({ metadata, status }) => !metadata.deletionTimestamp && isReady(status))
    })
  }
}

const isReady = (status: { conditions?: { type: string; status: string }[] } | undefined): boolean =>
  status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false
