/**
 * Which processes of this machine belong to a pod. Cgroups tell, and the names of a node's logs: so it works without the
 * API, and while a node is being stopped.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { cgroupsIn, processesIn } from './cgroups.ts'

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

/** All that there ever were in a pod under this name, those that ended long ago among them. `folder`: the node's logs. */
export function containerIds(folder: string, podUid: string, container: string): string[] {
  const links = path.join(folder, 'containers')
  return readdirSync(links)
    .filter((name) => isLogOf(targetOf(path.join(links, name)), podUid, container))
    .map(idIn)
}

/** '' when the kubelet has just removed it. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** Kubelets keep logs under `/var/log/pods/<namespace>_<pod>_<uid>/<container>/<count>.log`. */
export function isLogOf(file: string, podUid: string, container: string): boolean {
  const folder = path.dirname(file)
  return path.basename(folder) === container && path.dirname(folder).endsWith(`_${podUid}`)
}

/** From the name of a link to a log: `<pod>_<namespace>_<container>-<id>.log`. */
export const idIn = (link: string): string => link.slice(link.lastIndexOf('-') + 1, -'.log'.length)
