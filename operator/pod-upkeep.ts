/** Gives every worker its one pod, and removes pods whose worker is gone. */
import type { Context } from './context.ts'
import { each } from './each.ts'
import { isPodOf, podFor } from './pods.ts'
import { isDeleting } from './resources.ts'

export async function keepPods({ resources, config, signal, log, refusedPods }: Context): Promise<void> {
  const { workers, pods, tiers } = resources
  const without = workers.list().filter((worker) => {
    // One worker is one pod's life: a pod that was there once is not made again.
    return !isDeleting(worker) && !worker.status?.podUID && !pods.get(worker.metadata.name)
  })
  await each(without, async (worker) => {
    const tier = tiers.get(worker.spec.tier)
    if (!tier || signal.aborted) return
    refusedPods.delete(worker.metadata.name)
    await pods.create(podFor(worker, tier, config), (why) => refusedPods.set(worker.metadata.name, why))
  })
  for (const name of refusedPods.keys()) if (!workers.get(name)) refusedPods.delete(name)
  const orphans = pods.list().filter((pod) => !isDeleting(pod) && !isPodOf(pod, workers.get(pod.metadata.name)))
  await each(orphans, async (pod) => {
    const owner = pod.metadata.ownerReferences?.[0]
    // Our copy of the workers may be behind that of the pods.
    if (signal.aborted || (owner && (await workers.exists(owner.name, owner.uid)))) return
    if (await pods.delete(pod)) log.info({ pod: pod.metadata.name }, 'pod without a worker removed')
  })
}
