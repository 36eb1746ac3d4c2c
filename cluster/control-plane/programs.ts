/** The command lines of the control plane. Pure but for asking whether they answer. */
import { answers } from '@berth/local/process/answers.ts'
import { addressOf } from '../ip.ts'
import type { Program } from '../processes.ts'

export interface ControlPlanePorts {
  etcd: number
  etcdPeers: number
  api: number
  controllerManager: number
  scheduler: number
}

/** Enough to start any part of it again, from any process. */
export interface ControlPlaneLayout {
  folder: string
  /** Where the API server listens, and where pods find it. */
  address: string
  ports: ControlPlanePorts
  /** Cluster IPs of Services, as a CIDR. */
  serviceRange: string
  /** No kubelet runs: whoever binds a pod makes its node up. */
  hasNoNodes?: boolean
}

export type ControlPlaneProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler'

const LOCAL = '127.0.0.1'

export const etcdFolder = ({ folder }: Pick<ControlPlaneLayout, 'folder'>): string => `${folder}/etcd`

export const apiUrl = ({ address, ports }: ControlPlaneLayout): string => `https://${address}:${ports.api}`

/** Where pods find the API: the first Service of the range, by convention. */
export const kubernetesServiceAddress = ({ serviceRange }: ControlPlaneLayout): string => addressOf(serviceRange, 1)

export function controlPlaneProgram(name: ControlPlaneProgram, layout: ControlPlaneLayout, file: string): Program {
  const { args, healthUrl } = COMMANDS[name](layout)
  return { name, file, args: args.flat(), isReady: () => answers(healthUrl) }
}

interface Command {
  args: (string | string[])[]
  healthUrl: string
}

const COMMANDS: Record<ControlPlaneProgram, (layout: ControlPlaneLayout) => Command> = {
  etcd: ({ folder, ports }) => {
    const clients = `http://${LOCAL}:${ports.etcd}`
    const peers = `http://${LOCAL}:${ports.etcdPeers}`
    return {
      args: [
        ['--data-dir', etcdFolder({ folder })],
        ['--listen-client-urls', clients, '--advertise-client-urls', clients],
        ['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers],
        ['--initial-cluster', `default=${peers}`],
        // A cluster for tests does not outlive its machine.
        '--unsafe-no-fsync',
        ['--log-level', 'warn'],
      ],
      healthUrl: `${clients}/health`,
    }
  },

  'kube-apiserver': (layout) => ({
    args: [
      ['--etcd-servers', `http://${LOCAL}:${layout.ports.etcd}`],
      ['--bind-address', layout.address, '--advertise-address', layout.address],
      ['--secure-port', String(layout.ports.api)],
      ['--service-cluster-ip-range', layout.serviceRange],
      ['--client-ca-file', pki(layout, 'ca.crt')],
      ['--tls-cert-file', pki(layout, 'api-server.crt'), '--tls-private-key-file', pki(layout, 'api-server.key')],
      ['--service-account-key-file', pki(layout, 'tokens.pub')],
      ['--service-account-signing-key-file', pki(layout, 'tokens.key')],
      ['--service-account-issuer', 'https://kubernetes.default.svc.cluster.local'],
      ['--authorization-mode', 'Node,RBAC'],
      ['--enable-admission-plugins', 'NodeRestriction'],
      // Kubelets show certificates that they made themselves; nodes have no names that resolve.
      ['--kubelet-client-certificate', pki(layout, 'kubelet-client.crt')],
      ['--kubelet-client-key', pki(layout, 'kubelet-client.key')],
      ['--kubelet-preferred-address-types', 'InternalIP'],
      '--allow-privileged',
    ],
    healthUrl: `${apiUrl(layout)}/readyz`,
  }),

  'kube-controller-manager': (layout) => ({
    args: [
      ...commonOfControllers(layout, 'controller-manager', layout.ports.controllerManager),
      ['--root-ca-file', pki(layout, 'ca.crt')],
      ['--service-account-private-key-file', pki(layout, 'tokens.key')],
      '--use-service-account-credentials',
      // It deletes pods whose node has not existed for 40 s.
      ...(layout.hasNoNodes ? [['--controllers', '*,-pod-garbage-collector-controller']] : []),
    ],
    healthUrl: `https://${LOCAL}:${layout.ports.controllerManager}/healthz`,
  }),

  'kube-scheduler': (layout) => ({
    args: commonOfControllers(layout, 'scheduler', layout.ports.scheduler),
    healthUrl: `https://${LOCAL}:${layout.ports.scheduler}/healthz`,
  }),
}

function commonOfControllers(layout: ControlPlaneLayout, kubeconfig: string, port: number): string[][] {
  return [
    ['--kubeconfig', kubeconfigOf(layout, kubeconfig)],
    ['--bind-address', LOCAL, '--secure-port', String(port), '--cert-dir', `${layout.folder}/${kubeconfig}`],
    // There is one of each; with an election it would end whenever the API server is away for a while.
    ['--leader-elect=false'],
  ]
}

export const pki = ({ folder }: ControlPlaneLayout, file: string): string => `${folder}/pki/${file}`

/** `name`: who uses it. */
export const kubeconfigOf = ({ folder }: ControlPlaneLayout, name: string): string => `${folder}/${name}.kubeconfig`
