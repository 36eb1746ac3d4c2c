/** Every name, address, port and folder of one cluster: enough to find and to remove all of it. Pure. */
import path from 'node:path'
import { type ControlPlaneLayout, kubernetesServiceAddress } from './control-plane/programs.ts'
import { addressOf, overlap } from './ip.ts'

export interface NodeLayout {
  name: string
  /** Its own address, in the network that the host and all nodes share. */
  address: string
  hardwareAddress: string
  /** Of its pods, as a CIDR. */
  podRange: string
  /** The host's end of its cable. */
  device: string
  /** Under which it keeps its cgroups, in every hierarchy. */
  cgroup: string
  folder: string
}

export interface ClusterLayout {
  name: string
  folder: string
  machine: MachineLayout
  /** A bridge: where the host and the nodes meet. */
  bridge: string
  /** The host's, with the length of the network. */
  hostNetwork: string
  hostAddress: string
  /** Of all pods and nodes. */
  clusterRange: string
  cgroup: string
  controlPlane: ControlPlaneLayout
  dns: DnsLayout
  nodes: NodeLayout[]
}

/** What differs between machines. */
export interface MachineLayout {
  /** The folder of the CNI plugins. */
  cniPlugins: string
  /** How containerd puts an image's layers together. */
  snapshotter: 'overlayfs' | 'native'
}

export interface DnsLayout {
  /** What pods ask: the cluster IP of the Service kube-dns. */
  serviceAddress: string
  /** Where CoreDNS listens, on the host's address. */
  port: number
  readyPort: number
}

export type ClusterPorts = ControlPlaneLayout['ports'] & { dns: number; dnsReady: number }

/** With it in front, a network device's name may have 15 characters; `-1` follows. */
const NAME = /^[a-z0-9]{1,7}$/
const NODES = 2

export interface LayoutOptions {
  name: string
  /** The folder of all clusters. */
  root: string
  /** All addresses of the cluster, as a CIDR of length 16. */
  range: string
  ports: ClusterPorts
  machine: MachineLayout
}

export function layOut({ name, root, range, ports, machine }: LayoutOptions): ClusterLayout {
  if (!NAME.test(name)) throw new Error(`"${name}" can't name a cluster: up to 7 small letters and digits can.`)
  const { dns, dnsReady, ...apiPorts } = ports
  const folder = path.join(root, name)
  const part = (third: number, length: number) => `${addressOf(range, third * 256)}/${length}`
  const hostAddress = addressOf(range, 1)
  const controlPlane = {
    folder: path.join(folder, 'control-plane'),
    address: hostAddress,
    ports: apiPorts,
    serviceRange: part(128, 17),
  }
  return {
    name,
    folder,
    machine,
    bridge: `berth-${name}`,
    hostNetwork: `${hostAddress}/24`,
    hostAddress,
    clusterRange: part(0, 17),
    cgroup: `berth-${name}`,
    controlPlane,
    dns: { serviceAddress: addressOf(controlPlane.serviceRange, 10), port: dns, readyPort: dnsReady },
    nodes: Array.from({ length: NODES }, (_, index) => {
      const number = index + 1
      const nodeName = `berth-node-${number}`
      return {
        name: nodeName,
        address: addressOf(range, 10 + number),
        // Always the same: who knows a node that was away for a while finds it again at once.
        hardwareAddress: `02:be:27:00:00:${String(10 + number).padStart(2, '0')}`,
        podRange: part(number, 24),
        device: `berth-${name}-${number}`,
        cgroup: `berth-${name}/${nodeName}`,
        folder: path.join(folder, nodeName),
      }
    }),
  }
}

/** A network for a cluster that has no address in common with those that the machine knows. */
export function chooseRange(taken: string[]): string {
  const candidates = Array.from({ length: 50 }, (_, index) => `10.${200 + index}.0.0/16`)
  const free = candidates.find((range) => !taken.some((other) => overlap(range, other)))
  if (!free) throw new Error('Every network from 10.200.0.0/16 to 10.249.0.0/16 is in use on this machine.')
  return free
}

/** Where pods find the Kubernetes API. */
export const apiServiceAddress = (layout: ClusterLayout): string => kubernetesServiceAddress(layout.controlPlane)
