/** The configuration files of a node's programs, as they see them: below the node's own /var. Pure. */
import type { ClusterLayout, MachineLayout, NodeLayout } from '../layout.ts'

/** Has to be there before the first pod; no registry is asked. */
export const PAUSE_IMAGE = 'docker.io/berth/pause:1'

/** Not the usual one: the machine may run a containerd of its own, which must not be taken for ours. */
export const CONTAINERD_SOCKET = '/run/berth/containerd.sock'

/** Where these files lie in a node. */
export const CONFIG_FOLDER = '/var/lib/berth'
export const CNI_CONFIG_FOLDER = `${CONFIG_FOLDER}/cni`

export function containerdConfig({ cniPlugins, snapshotter }: MachineLayout): string {
  const lines = [
    'version = 2',
    '[grpc]',
    `address = "${CONTAINERD_SOCKET}"`,
    '[plugins."io.containerd.grpc.v1.cri"]',
    `sandbox_image = "${PAUSE_IMAGE}"`,
    // Where CAP_SYS_RESOURCE is missing no pod starts without it.
    'restrict_oom_score_adj = true',
    '[plugins."io.containerd.grpc.v1.cri".cni]',
    `bin_dir = "${cniPlugins}"`,
    `conf_dir = "${CNI_CONFIG_FOLDER}"`,
    '[plugins."io.containerd.grpc.v1.cri".containerd]',
    `snapshotter = "${snapshotter}"`,
  ]
  return `${lines.join('\n')}\n`
}

export const cniConfig = ({ podRange }: NodeLayout): object => ({
  cniVersion: '1.0.0',
  name: 'berth',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: podRange }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
})

export const kubeletConfig = (cluster: ClusterLayout, node: NodeLayout): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: `${CONFIG_FOLDER}/ca.crt` },
  },
  authorization: { mode: 'Webhook' },
  containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
  cgroupDriver: 'cgroupfs',
  // Its own: two kubelets with the same one kill each other's pods as orphans.
  cgroupRoot: `/${node.cgroup}`,
  failCgroupV1: false,
  failSwapOn: false,
  clusterDomain: 'cluster.local',
  clusterDNS: [cluster.dns.serviceAddress],
  resolvConf: `${CONFIG_FOLDER}/resolv.conf`,
  // Else it is made in /usr.
  volumePluginDir: '/var/lib/kubelet/volume-plugins',
  // The disk is the machine's: how full others made it is no reason to evict, and images can't be fetched again.
  evictionHard: {
    'memory.available': '100Mi',
    'nodefs.available': '0%',
    'nodefs.inodesFree': '0%',
    'imagefs.available': '0%',
  },
  imageGCHighThresholdPercent: 100,
})

export const kubeProxyConfig = (cluster: ClusterLayout, node: NodeLayout): object => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  clientConnection: { kubeconfig: `${CONFIG_FOLDER}/kube-proxy.kubeconfig` },
  hostnameOverride: node.name,
  mode: 'iptables',
  clusterCIDR: cluster.clusterRange,
  // Left as they are: these limits are the machine's.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
})
