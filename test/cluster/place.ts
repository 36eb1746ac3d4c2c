/** Where things of the installation are in the cluster at the moment. */
import type { Pod } from '@berth/core/model/builtin.ts'
import { LeaseKind, PodKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { Installation } from '../chaos/installation.ts'
import { until } from '../chaos/until.ts'
import type { ClusterBerth } from './cluster-berth.ts'

export type InCluster = Installation<ClusterBerth>
export type Part = 'operator' | 'gateway' | 'worker'
export const PARTS: Part[] = ['operator', 'gateway', 'worker']

const LEASE = 'berth-operator'
/** Generous: pods may have to start first, on a machine that is busy with a whole cluster. */
export const TIMEOUT_MS = 300_000

export async function podsOf({ kube }: InCluster, part: Part): Promise<Pod[]> {
  return (await kube.list(PodKind, { labelSelector: `app.kubernetes.io/name=berth-${part}` })).items
}

/** Each account's node; undefined while it has no place. */
export async function nodesOfAccounts(installation: InCluster): Promise<Map<string, string | undefined>> {
  const [{ items: workers }, placements] = await Promise.all([
    installation.kube.list(WorkerKind),
    installation.placements(),
  ])
  const nodes = new Map(workers.map(({ metadata, status }) => [metadata.name, status?.node]))
  return new Map([...placements].map(([account, worker]) => [account, worker && nodes.get(worker)]))
}

/** The node with most sessions. */
export async function busiestNode(installation: InCluster): Promise<string> {
  const counts = new Map<string, number>()
  for (const node of (await nodesOfAccounts(installation)).values()) {
    if (node) counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  const [first] = [...counts].toSorted(([, a], [, b]) => b - a)
  if (!first) throw new Error('No session is on any node.')
  return first[0]
}

/** The pod of the operator that leads. */
export async function leader(installation: InCluster): Promise<Pod> {
  return until('an operator leads', TIMEOUT_MS, async () => {
    const holder = (await installation.kube.get(LeaseKind, LEASE))?.spec?.holderIdentity
    return (await podsOf(installation, 'operator')).find(({ metadata }) => holder?.startsWith(`${metadata.name}_`))
  })
}

/** Until every session is connected; and, with `away`, none of them on that node. */
export async function untilBack(installation: InCluster, away?: string): Promise<void> {
  await until(`every session is back${away ? `, none on ${away}` : ''}`, TIMEOUT_MS, async () => {
    const nodes = [...(await nodesOfAccounts(installation)).values()]
    if (!nodes.every((node) => node !== undefined && node !== away)) return false
    // After that: what has just been moved is not ready from then on, and was until then.
    return (await installation.notConnected()).length === 0
  })
}
