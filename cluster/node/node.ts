/** Starts and stops a node. */
import { readFileSync } from 'node:fs'
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { searchPath } from '../command.ts'
import type { ApiUser } from '../control-plane/control-plane.ts'
import { pki } from '../control-plane/programs.ts'
import type { ClusterLayout, NodeLayout } from '../layout.ts'
import { removeDevice, unplug } from '../network.ts'
import type { Processes } from '../processes.ts'
import { createCgroup, processesIn, removeCgroup } from './cgroups.ts'
import {
  CNI_CONFIG_FOLDER,
  CONFIG_FOLDER,
  cniConfig,
  containerdConfig,
  kubeletConfig,
  kubeProxyConfig,
} from './config.ts'
import { containerdAnswers } from './containerd.ts'

export interface NodePrograms {
  kubelet: string
  'kube-proxy': string
}

const SCRIPT = path.join(import.meta.dirname, 'node.sh')

/** A path of the node's /var as the host sees it. */
const onHost = (node: NodeLayout, file: string): string => path.join(node.folder, file)

export const apiUsersOf = (node: NodeLayout): ApiUser[] => [
  {
    kubeconfig: onHost(node, `${CONFIG_FOLDER}/kubelet.kubeconfig`),
    user: `system:node:${node.name}`,
    groups: ['system:nodes'],
  },
  { kubeconfig: onHost(node, `${CONFIG_FOLDER}/kube-proxy.kubeconfig`), user: 'system:kube-proxy' },
]

/** Its disk, with its configuration on it. */
export async function prepareNode(cluster: ClusterLayout, node: NodeLayout): Promise<void> {
  const write = async (file: string, content: string | object) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2)
    await mkdir(path.dirname(onHost(node, file)), { recursive: true })
    await writeFile(onHost(node, file), text)
  }
  await write(`${CONFIG_FOLDER}/containerd.toml`, containerdConfig(cluster.machine))
  await write(`${CNI_CONFIG_FOLDER}/berth.conflist`, cniConfig(node))
  await write(`${CONFIG_FOLDER}/kubelet.json`, kubeletConfig(cluster, node))
  await write(`${CONFIG_FOLDER}/kube-proxy.json`, kubeProxyConfig(cluster, node))
  await copyFile(pki(cluster.controlPlane, 'ca.crt'), onHost(node, `${CONFIG_FOLDER}/ca.crt`))
  await copyFile('/etc/resolv.conf', onHost(node, `${CONFIG_FOLDER}/resolv.conf`))
  for (const folder of ['log/containers', 'tmp']) await mkdir(onHost(node, `/var/${folder}`), { recursive: true })
  await symlink('/run', onHost(node, '/var/run'))
}

/** Resolves when its containerd answers; it is a node of the cluster some seconds later. */
export async function startNode(
  cluster: ClusterLayout,
  node: NodeLayout,
  programs: NodePrograms,
  processes: Processes,
): Promise<void> {
  if (!processes.find(node.name)) await removeRemains(node)
  const length = cluster.hostNetwork.split('/')[1]
  const others = cluster.nodes.filter((other) => other.name !== node.name)
  await processes.start({
    name: node.name,
    file: 'bash',
    args: [SCRIPT],
    env: {
      PATH: searchPath(),
      NODE_NAME: node.name,
      NODE_FOLDER: node.folder,
      NODE_ADDRESS: node.address,
      NODE_NETWORK: `${node.address}/${length}`,
      NODE_HARDWARE_ADDRESS: node.hardwareAddress,
      NODE_DEVICE: node.device,
      NODE_ROUTES: others.map(({ podRange, address }) => `${podRange} via ${address}`).join('\n'),
      NODE_CGROUPS: createCgroup(`${node.cgroup}/system`).join('\n'),
      HOST_BRIDGE: cluster.bridge,
      HOST_ADDRESS: cluster.hostAddress,
      KUBELET: programs.kubelet,
      KUBE_PROXY: programs['kube-proxy'],
    },
    isReady: () => containerdAnswers(node, processes),
  })
}

/** The logs of a node's programs. */
export const nodeLogs = (node: NodeLayout): string => onHost(node, '/var/log')

/** As when the power goes: nobody is told, all processes end at once, what is on the disk stays. */
export async function stopNode(node: NodeLayout, processes: Processes): Promise<void> {
  await unplug(node.device)
  await processes.kill(node.name)
  await removeRemains(node)
}

/** Their watches go on from where etcd was before it was restored, and miss what is written until it is there again. */
const READERS = new Set(['kubelet', 'kube-proxy'])

/** Ends what remembers the API as it was before: the node starts it again. Pods go on. */
export function restartReaders({ cgroup }: NodeLayout): void {
  for (const pid of processesIn(`${cgroup}/system`)) {
    if (READERS.has(nameOf(pid))) process.kill(pid, 'SIGKILL')
  }
}

/** '' when it has just ended: they call others, who live for a moment. */
function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}

/** What outlives the node's first process for a moment, or because it was not started whole. */
async function removeRemains(node: NodeLayout): Promise<void> {
  await removeCgroup(node.cgroup)
  await removeDevice(node.device)
}
