/** Which processes of this machine belong to a pod: found by cgroup, so that it works without the API too. */
import path from 'node:path'
import { run } from '../command.ts'
import type { ClusterLayout, NodeLayout } from '../layout.ts'
import type { Processes } from '../processes.ts'
import { cgroupsIn, processesIn } from './cgroups.ts'
import { containerdCommand } from './containerd.ts'

/** Any process of the pod, looked for in this cgroup and below it; undefined when none runs. */
export function processOfPod(root: string, podUid: string): number | undefined {
  const cgroup = cgroupsIn(root).find((candidate) => isCgroupOfPod(path.basename(candidate), podUid))
  return cgroup === undefined ? undefined : processesIn(cgroup)[0]
}

/** Names that kubelets give: `pod<uid>`, and where systemd makes the cgroups `kubelet-kubepods-pod<uid>.slice`, with `_`. */
export const isCgroupOfPod = (name: string, uid: string): boolean =>
  name === `pod${uid}` || name.endsWith(`pod${uid.replaceAll('-', '_')}.slice`)

/** Pids in the cgroups of these containers, the first process first. */
export function processesOfContainers(root: string, ids: string[]): number[] {
  const cgroups = cgroupsIn(root).filter((cgroup) => ids.some((id) => path.basename(cgroup).includes(id)))
  return [...new Set(cgroups.flatMap(processesIn))].sort((a, b) => a - b)
}

/** Pids as the host counts them, the first process of the container first; none when it does not run. */
export async function processesOfContainer(
  cluster: ClusterLayout,
  processes: Processes,
  podUid: string,
  container: string,
): Promise<number[]> {
  const running = cluster.nodes.filter((node) => processes.find(node.name))
  const ids = (await Promise.all(running.map((node) => containerIds(node, processes, podUid, container)))).flat()
  return processesOfContainers(cluster.cgroup, ids)
}

/** Those that ended long ago are among them. */
async function containerIds(
  node: NodeLayout,
  processes: Processes,
  podUid: string,
  container: string,
): Promise<string[]> {
  const label = (key: string, value: string) => `labels."io.kubernetes.${key}"==${value}`
  const filter = `${label('pod.uid', podUid)},${label('container.name', container)}`
  const list = await run(...containerdCommand(node, processes, 'containers', 'list', '--quiet', filter))
  return list.split('\n').filter(Boolean)
}
