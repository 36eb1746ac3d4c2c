/** A cluster of processes of this machine: control plane and DNS on the host, each node in namespaces of its own. */
import { cp, rm } from 'node:fs/promises'
import path from 'node:path'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import type { ClusterPart, TestCluster } from './cluster.ts'
import { prepareControlPlane, startControlPlanePrograms } from './control-plane/control-plane.ts'
import { type ControlPlaneProgram, controlPlaneProgram, etcdFolder, kubeconfigOf } from './control-plane/programs.ts'
import { waitForDefaults } from './control-plane/readiness.ts'
import { keepState, restoreState } from './control-plane/state.ts'
import { apiUserOfDns, declareDns, dnsProgram, prepareDns } from './dns.ts'
import { apiServiceAddress, type ClusterLayout, type NodeLayout } from './layout.ts'
import { createNetwork, removeNetwork } from './network.ts'
import { removeCgroup } from './node/cgroups.ts'
import { PAUSE_IMAGE } from './node/config.ts'
import { importImage } from './node/containerd.ts'
import { cutPod, healPod } from './node/cut.ts'
import { writeImage } from './node/image.ts'
import { apiUsersOf, nodeLogs, prepareNode, restartReaders, startNode, stopNode } from './node/node.ts'
import { containerIds, processesOfContainers } from './node/processes-of-pods.ts'
import { readiness, waitForNode } from './node/readiness.ts'
import { ageOf, Processes } from './processes.ts'
import { type ClusterRecord, removeFiles } from './record.ts'

const CONTROL_PLANE: ControlPlaneProgram[] = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']

async function replaceFolder(folder: string, by: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await cp(by, folder, { recursive: true })
}

export class NativeCluster implements TestCluster {
  readonly name: string
  readonly kubeconfig: string
  readonly hostAddress: string
  readonly apiAddress: string
  readonly nodes: { name: string; address: string }[]
  readonly kubectl: string
  readonly helm: string
  readonly logs: string
  readonly #layout: ClusterLayout
  readonly #files: ClusterRecord['files']
  readonly #processes: Processes

  constructor({ layout, files }: ClusterRecord) {
    this.#layout = layout
    this.#files = files
    this.#processes = new Processes(layout.folder)
    this.name = layout.name
    this.kubeconfig = kubeconfigOf(layout.controlPlane, 'admin')
    this.hostAddress = layout.hostAddress
    this.apiAddress = apiServiceAddress(layout)
    this.nodes = layout.nodes.map(({ name, address }) => ({ name, address }))
    this.kubectl = files.kubectl
    this.helm = files.helm
    this.logs = path.join(layout.folder, 'logs')
  }

  /** Keys, disks and configuration: once, before the first start. */
  async prepare(): Promise<void> {
    const { controlPlane, nodes } = this.#layout
    await prepareControlPlane(controlPlane, [apiUserOfDns(this.#layout), ...nodes.flatMap(apiUsersOf)])
    await prepareDns(this.#layout)
    for (const node of nodes) await prepareNode(this.#layout, node)
    await writeImage(PAUSE_IMAGE, this.#files.pause, this.#pauseImage)
  }

  /** Starts what does not run; resolves when every node is ready. */
  async start(onProgress: (line: string) => void): Promise<void> {
    await createNetwork(this.#layout)
    if (!this.#allRun(CONTROL_PLANE)) onProgress('starting the control plane')
    await startControlPlanePrograms(this.#layout.controlPlane, this.#processes, this.#files, CONTROL_PLANE)
    await waitForDefaults(this.kubeconfig, true)
    await this.#withClient((client) => declareDns(client, this.#layout))
    await this.#processes.start(dnsProgram(this.#layout, this.#files.coredns))
    if (!this.#allRun(this.nodes.map(({ name }) => name))) onProgress('starting the nodes')
    await Promise.all(this.nodes.map(({ name }) => this.startNode(name)))
  }

  /** Ends and removes all of it, whatever state it is in. */
  async remove(): Promise<void> {
    await this.#processes.killAll()
    await removeCgroup(this.#layout.cgroup)
    await removeNetwork(this.#layout)
    await removeFiles(this.name)
  }

  async parts(): Promise<ClusterPart[]> {
    const processes = [...CONTROL_PLANE, 'coredns'].map((name) => this.#part(name))
    const nodes = await this.#withClient((client) =>
      Promise.all(
        this.nodes.map(async ({ name }) => {
          const said = await readiness(client, name)
          return { ...this.#part(name), ...(said ? { ready: said.status === 'True' } : {}) }
        }),
      ),
    )
    return [...processes, ...nodes]
  }

  async loadImages(archives: string[]): Promise<void> {
    const running = this.#layout.nodes.filter(({ name }) => this.#processes.find(name))
    for (const archive of archives) {
      await Promise.all(running.map((node) => importImage(this.#layout, node, this.#processes, archive)))
    }
  }

  async stopNode(name: string): Promise<void> {
    await stopNode(this.#node(name), this.#processes)
  }

  async startNode(name: string): Promise<void> {
    const node = this.#node(name)
    const wasRunning = this.#processes.find(name) !== undefined
    await this.#withClient(async (client) => {
      const before = wasRunning ? undefined : await readiness(client, name)
      await startNode(this.#layout, node, this.#files, this.#processes)
      if (!wasRunning) await importImage(this.#layout, node, this.#processes, this.#pauseImage)
      await waitForNode(client, name, before).catch((error: Error) => {
        throw new Error(`${error.message} Its logs: ${nodeLogs(node)}`, { cause: error })
      })
    })
  }

  async stopControlPlane(name: ControlPlaneProgram): Promise<void> {
    await this.#processes.kill(name)
  }

  async startControlPlane(name: ControlPlaneProgram): Promise<void> {
    await this.#processes.start(controlPlaneProgram(name, this.#layout.controlPlane, this.#files[name]))
  }

  keepState(): Promise<void> {
    return keepState(this, () => replaceFolder(this.#keptState, this.#state))
  }

  async restoreState(): Promise<void> {
    await restoreState(this, () => replaceFolder(this.#state, this.#keptState))
    for (const node of this.#layout.nodes) if (this.#processes.find(node.name)) restartReaders(node)
  }

  stopApiServer(): Promise<void> {
    return this.stopControlPlane('kube-apiserver')
  }

  startApiServer(): Promise<void> {
    return this.startControlPlane('kube-apiserver')
  }

  cutPod(podUid: string, addresses: string[]): Promise<void> {
    return cutPod(this.#layout.cgroup, podUid, addresses)
  }

  healPod(podUid: string): Promise<void> {
    return healPod(this.#layout.cgroup, podUid)
  }

  async containerProcesses(podUid: string, container: string): Promise<number[]> {
    const ids = this.#layout.nodes.flatMap((node) => containerIds(nodeLogs(node), podUid, container))
    return processesOfContainers(this.#layout.cgroup, ids)
  }

  #part(name: string): ClusterPart {
    const identity = this.#processes.find(name)
    return { name, ...(identity ? { pid: identity.pid, ageSeconds: ageOf(identity) } : {}) }
  }

  get #state(): string {
    return etcdFolder(this.#layout.controlPlane)
  }

  get #keptState(): string {
    return `${this.#state}.kept`
  }

  get #pauseImage(): string {
    return path.join(this.#layout.folder, 'pause.tar')
  }

  #allRun(names: string[]): boolean {
    return names.every((name) => this.#processes.find(name))
  }

  #node(name: string): NodeLayout {
    const node = this.#layout.nodes.find((candidate) => candidate.name === name)
    if (node) return node
    throw new Error(`The cluster has no node ${name}; it has ${this.nodes.map((each) => each.name).join(', ')}.`)
  }

  async #withClient<T>(use: (client: KubeClient) => Promise<T>): Promise<T> {
    const client = new KubeClient(await loadKubeConfig({ kubeconfig: this.kubeconfig }), { component: 'cluster' })
    try {
      return await use(client)
    } finally {
      await client.close()
    }
  }
}
