/** A real Kubernetes on this machine, for tests: two nodes, Services, DNS, and ways to break each part of it. */
import { freePort } from '@berth/local/ports.ts'
import { ensureBinaries, missingBinaries } from './binaries/build.ts'
import { CLUSTER_BINARIES, moduleFolder, RECIPES } from './binaries/catalogue.ts'
import { chooseControlPlanePorts } from './control-plane/control-plane.ts'
import type { ControlPlaneProgram } from './control-plane/programs.ts'
import { removeAbandonedControlPlanes } from './control-plane/standalone.ts'
import { connectToKind, createKindCluster, deleteKindCluster, hasKind, kindClusterExists } from './kind/kind.ts'
import { chooseRange, layOut } from './layout.ts'
import { withLock } from './lock.ts'
import type { MachineFacts } from './machine/facts.ts'
import { prepareMachine } from './machine/prepare.ts'
import { NativeCluster } from './native.ts'
import { networksInUse } from './network.ts'
import { type ClusterRecord, ROOT, readRecord, removeFiles, writeRecord } from './record.ts'

export interface TestCluster {
  name: string
  /** Path of an administrator's kubeconfig. */
  kubeconfig: string
  /** Addresses are the nodes' own: NodePorts answer there. */
  nodes: { name: string; address: string }[]
  /** An address of this machine that pods reach: what listens there, or on 0.0.0.0, can be used by them. */
  hostAddress: string
  /** Where pods reach the Kubernetes API: the cluster IP of its Service. */
  apiAddress: string
  /** Paths of the programs. */
  kubectl: string
  helm: string
  /** Where to look when something does not work. */
  logs: string
  /** Its parts as they are now, in the order in which they start. */
  parts(): Promise<ClusterPart[]>
  /** Loads OCI archives into every node that runs; their images carry full names (`docker.io/...`). */
  loadImages(archives: string[]): Promise<void>
  /** As when its power goes: kubelet, containerd and all pods end at once, without a word to anybody. The disk stays. */
  stopNode(name: string): Promise<void>
  /** Resolves when it is ready again. */
  startNode(name: string): Promise<void>
  /** At once: connections end. */
  stopControlPlane(name: ControlPlaneProgram): Promise<void>
  /** Resolves when it answers. */
  startControlPlane(name: ControlPlaneProgram): Promise<void>
  /** Keeps a copy of all that the API knows now; it is away for a moment. */
  keepState(): Promise<void>
  /** Puts back what was kept: what came since has never been. */
  restoreState(): Promise<void>
  stopApiServer(): Promise<void>
  startApiServer(): Promise<void>
  /**
   * Drops, silently and both ways, what goes between a pod and addresses: `10.1.2.3` or, for TCP, `10.1.2.3:5432`, as
   * the pod sees them. More than one cut of a pod add up.
   */
  cutPod(podUid: string, addresses: string[]): Promise<void>
  /** Undoes all cuts of a pod; of one that is gone there are none. */
  healPod(podUid: string): Promise<void>
  /** Pids of a pod's container as this machine counts them, its first process first; none when it does not run. */
  containerProcesses(podUid: string, container: string): Promise<number[]>
}

export interface ClusterPart {
  name: string
  /** Absent when it does not run. */
  pid?: number
  ageSeconds?: number
  /** What Kubernetes says of a node; absent for other parts, and when the API does not answer. */
  ready?: boolean
}

export interface ClusterOptions {
  /** Clusters of different names don't know of each other. */
  name?: string
  onProgress?: (line: string) => void
}

const DEFAULT_NAME = process.env.BERTH_CLUSTER || 'test'
const LOCK = 'clusters'
/** Of those to build the one that asks for the newest Go. */
const KUBERNETES_MODULE = moduleFolder(RECIPES.kubelet)
const silent = () => {}

/** Connects to the cluster that runs, after starting what of it does not run; makes one where there is none. */
export async function clusterUp({
  name = DEFAULT_NAME,
  onProgress = silent,
}: ClusterOptions = {}): Promise<TestCluster> {
  return withLock(LOCK, onProgress, async () =>
    (await hasKind()) ? kindUp(name, onProgress) : nativeUp(name, onProgress),
  )
}

/** Ends and removes all of it, and what killed processes left of control planes without nodes. */
export async function clusterDown({ name = DEFAULT_NAME, onProgress = silent }: ClusterOptions = {}): Promise<void> {
  await withLock(LOCK, onProgress, async () => {
    if ((await hasKind()) && (await kindClusterExists(name))) await deleteKindCluster(name)
    await removeNative(name)
    await removeAbandonedControlPlanes()
  })
}

/** The cluster as it is: parts of it may not run. Undefined when there is none. */
export async function findCluster({
  name = DEFAULT_NAME,
  onProgress = silent,
}: ClusterOptions = {}): Promise<TestCluster | undefined> {
  const known = readRecord(name)
  if (known?.completeSince) return new NativeCluster(known)
  return (await hasKind()) && (await kindClusterExists(name)) ? connectToKind(name, onProgress) : undefined
}

/** Is there something of a cluster that was not made whole? */
export function hasRemains(name = DEFAULT_NAME): boolean {
  const known = readRecord(name)
  return known !== undefined && known.completeSince === undefined
}

async function kindUp(name: string, onProgress: (line: string) => void): Promise<TestCluster> {
  if (!(await kindClusterExists(name))) {
    onProgress('making a cluster with kind')
    await createKindCluster(name)
  }
  const cluster = await connectToKind(name, onProgress)
  for (const part of await cluster.parts()) if (part.pid === undefined) await cluster.startNode(part.name)
  return cluster
}

async function nativeUp(name: string, onProgress: (line: string) => void): Promise<TestCluster> {
  const isBuilt = missingBinaries(CLUSTER_BINARIES).length === 0
  const machine = await prepareMachine({ root: ROOT, goModule: KUBERNETES_MODULE, isBuilt }, onProgress)
  const files = await ensureBinaries(CLUSTER_BINARIES, onProgress)
  const known = readRecord(name)
  if (known && isUsable(known, files)) {
    const cluster = new NativeCluster(known)
    await cluster.start(onProgress)
    return cluster
  }
  if (known) onProgress('removing what an earlier run left behind')
  await removeNative(name)
  return create(name, machine, files, onProgress)
}

/** A `down` that was killed at its end left files without a record. */
async function removeNative(name: string): Promise<void> {
  const known = readRecord(name)
  await (known ? new NativeCluster(known).remove() : removeFiles(name))
}

async function create(
  name: string,
  { cniPlugins, overlays }: MachineFacts,
  files: ClusterRecord['files'],
  onProgress: (line: string) => void,
): Promise<TestCluster> {
  const ports = { ...(await chooseControlPlanePorts()), dns: await freePort(), dnsReady: await freePort() }
  const machine = { cniPlugins: cniPlugins!, snapshotter: overlays ? 'overlayfs' : 'native' } as const
  const layout = layOut({ name, root: ROOT, range: chooseRange(await networksInUse()), ports, machine })
  const record: ClusterRecord = { layout, files }
  writeRecord(record)
  const cluster = new NativeCluster(record)
  await cluster.prepare()
  await cluster.start(onProgress)
  writeRecord({ ...record, completeSince: new Date().toISOString() })
  return cluster
}

/** Made whole, of the programs that we would take. */
const isUsable = (record: ClusterRecord, files: ClusterRecord['files']): boolean =>
  record.completeSince !== undefined && JSON.stringify(record.files) === JSON.stringify(files)
