/**
 * The same cluster by kind, where Docker runs: its workers are our nodes. What touches processes and packets of pods needs
 * root on a Linux machine whose Docker is its own.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { ensureBinaries } from '../binaries/build.ts'
import type { ClusterPart, TestCluster } from '../cluster.ts'
import { run, succeeds } from '../command.ts'
import type { ControlPlaneProgram } from '../control-plane/programs.ts'
import { keepState, restoreState } from '../control-plane/state.ts'
import { cacheFolder } from '../folders.ts'
import { isOnPath } from '../machine/facts.ts'
import { cutPod, healPod } from '../node/cut.ts'
import { processesOfContainers } from '../node/processes-of-pods.ts'

const WORKERS = 2
const POLL_MS = 200
const LIMIT_MS = 180_000
/** Where the kubelet of the control plane looks for its pods, and where it does not. */
const MANIFESTS = '/etc/kubernetes/manifests'
const SET_ASIDE = '/etc/kubernetes'
/** Of etcd. */
const STATE = '/var/lib/etcd'
const KEPT_STATE = '/var/lib/etcd.kept'
/** Pods of all nodes are somewhere in the machine's own cgroups. */
const ALL_CGROUPS = ''

/** Does Docker answer, and is kind there? */
export const hasKind = async (): Promise<boolean> => isOnPath('kind') && (await succeeds('docker', ['info']))

const kindName = (name: string): string => `berth-${name}`

const kubeconfigOf = (name: string): string => path.join(cacheFolder(), `${kindName(name)}.kubeconfig`)

export async function kindClusterExists(name: string): Promise<boolean> {
  return (await run('kind', ['get', 'clusters'])).split('\n').includes(kindName(name))
}

export async function createKindCluster(name: string): Promise<void> {
  const workers = Array.from({ length: WORKERS }, () => ({ role: 'worker' }))
  const nodes = [{ role: 'control-plane' }, ...workers]
  const config = JSON.stringify({ kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4', nodes })
  const options = ['--name', kindName(name), '--kubeconfig', kubeconfigOf(name), '--config', '-', '--wait', '5m']
  await mkdir(cacheFolder(), { recursive: true })
  await run('kind', ['create', 'cluster', ...options], Readable.from([config]))
}

export async function deleteKindCluster(name: string): Promise<void> {
  await run('kind', ['delete', 'cluster', '--name', kindName(name)])
  await rm(kubeconfigOf(name), { force: true })
}

/** @param onProgress hears of what has to be built: kubectl and helm, where they are not on the PATH */
export async function connectToKind(name: string, onProgress: (line: string) => void): Promise<TestCluster> {
  const kubeconfig = kubeconfigOf(name)
  await writeFile(kubeconfig, await run('kind', ['get', 'kubeconfig', '--name', kindName(name)]), { mode: 0o600 })
  const kubectl = await program('kubectl', onProgress)
  const helm = await program('helm', onProgress)
  const ask = (...args: string[]) => run(kubectl, ['--kubeconfig', kubeconfig, ...args])
  const controlPlane = `${kindName(name)}-control-plane`
  const names = (await run('kind', ['get', 'nodes', '--name', kindName(name)])).split('\n').filter(Boolean).sort()
  const workers = names.filter((node) => node !== controlPlane)
  const nodes = await Promise.all(workers.map(async (node) => ({ name: node, address: await addressOf(node) })))
  const waitForNode = (node: string) => ask('wait', '--for=condition=Ready', `node/${node}`, `--timeout=${LIMIT_MS}ms`)

  const stopControlPlane = async (part: ControlPlaneProgram) => {
    await run('docker', ['exec', controlPlane, 'mv', `${MANIFESTS}/${part}.yaml`, SET_ASIDE])
    await until(async () => (await containersOf(controlPlane, part)).length === 0, `${part} did not end`)
  }
  const replaceFolder = async (folder: string, by: string) => {
    await run('docker', ['exec', controlPlane, 'rm', '-rf', folder])
    await run('docker', ['exec', controlPlane, 'cp', '-a', by, folder])
  }
  const startControlPlane = async (part: ControlPlaneProgram) => {
    await run('docker', ['exec', controlPlane, 'mv', `${SET_ASIDE}/${part}.yaml`, MANIFESTS])
    await until(async () => (await containersOf(controlPlane, part)).length > 0, `${part} did not start`)
    await until(
      () => succeeds(kubectl, ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz']),
      'the API does not answer',
    )
  }

  return {
    name,
    kubeconfig,
    kubectl,
    helm,
    nodes,
    hostAddress: await hostAddress(),
    apiAddress: await ask('get', 'service', 'kubernetes', '--output', 'jsonpath={.spec.clusterIP}'),
    logs: `kind export logs --name ${kindName(name)}`,

    parts: () => Promise.all([controlPlane, ...workers].map(partOf)),
    loadImages: async (archives) => {
      for (const archive of archives) await run('kind', ['load', 'image-archive', archive, '--name', kindName(name)])
    },
    stopNode: async (node) => {
      await run('docker', ['kill', node])
    },
    startNode: async (node) => {
      await run('docker', ['start', node])
      await waitForNode(node)
    },
    stopControlPlane,
    startControlPlane,
    keepState: () => keepState({ stopControlPlane, startControlPlane }, () => replaceFolder(KEPT_STATE, STATE)),
    restoreState: () => restoreState({ stopControlPlane, startControlPlane }, () => replaceFolder(STATE, KEPT_STATE)),
    stopApiServer: () => stopControlPlane('kube-apiserver'),
    startApiServer: () => startControlPlane('kube-apiserver'),
    cutPod: (podUid, addresses) => cutPod(ALL_CGROUPS, podUid, addresses),
    healPod: (podUid) => healPod(ALL_CGROUPS, podUid),
    containerProcesses: async (podUid, container) => {
      const labels = [`io.kubernetes.pod.uid=${podUid}`, `io.kubernetes.container.name=${container}`]
      const ids = await Promise.all(workers.map((node) => containersOf(node, '', labels)))
      return processesOfContainers(ALL_CGROUPS, ids.flat())
    },
  }
}

const program = async (name: 'kubectl' | 'helm', onProgress: (line: string) => void): Promise<string> =>
  isOnPath(name) ? name : (await ensureBinaries([name], onProgress))[name]

/** Ids of the containers that run in a node. */
async function containersOf(node: string, name: string, labels: string[] = []): Promise<string[]> {
  const filters = [...(name ? ['--name', `^${name}$`] : []), ...labels.flatMap((label) => ['--label', label])]
  return (await run('docker', ['exec', node, 'crictl', 'ps', '--quiet', ...filters])).split('\n').filter(Boolean)
}

async function addressOf(node: string): Promise<string> {
  const template = '{{.NetworkSettings.Networks.kind.IPAddress}}'
  return (await run('docker', ['inspect', '--format', template, node])).trim()
}

/** The machine's own in the network that kind makes. */
async function hostAddress(): Promise<string> {
  const template = '{{range .IPAM.Config}}{{println .Gateway}}{{end}}'
  const gateways = (await run('docker', ['network', 'inspect', 'kind', '--format', template])).split('\n')
  const found = gateways.find((gateway) => gateway.includes('.'))
  if (!found) throw new Error('The Docker network "kind" has no IPv4 gateway, by which pods would reach this machine.')
  return found.trim()
}

async function partOf(name: string): Promise<ClusterPart> {
  const template = '{{.State.Pid}} {{.State.StartedAt}}'
  const [pid, startedAt] = (await run('docker', ['inspect', '--format', template, name])).trim().split(' ')
  if (pid === '0') return { name }
  return { name, pid: Number(pid), ageSeconds: Math.round((Date.now() - Date.parse(startedAt!)) / 1000) }
}

async function until(isTrue: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`${otherwise} within ${LIMIT_MS / 1000} s.`)
    await delay(POLL_MS)
  }
}
