/** The cluster's DNS: CoreDNS as a process of the host, which pods reach under a Service. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { answers } from '@berth/local/process/answers.ts'
import type { ApiUser } from './control-plane/control-plane.ts'
import { kubeconfigOf } from './control-plane/programs.ts'
import type { ClusterLayout } from './layout.ts'
import type { Program } from './processes.ts'

const USER = 'system:coredns'
const MANAGER = 'berth-cluster'

const corefileOf = ({ folder }: ClusterLayout): string => path.join(folder, 'Corefile')

export const apiUserOfDns = ({ controlPlane }: ClusterLayout): ApiUser => ({
  kubeconfig: kubeconfigOf(controlPlane, 'coredns'),
  user: USER,
})

export async function prepareDns(layout: ClusterLayout): Promise<void> {
  const machine = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
  await mkdir(layout.folder, { recursive: true })
  await writeFile(corefileOf(layout), corefile(layout, /^nameserver\s/m.test(machine)))
}

/** @param forwards whether the machine knows whom to ask for names outside of the cluster. Pure. */
export function corefile(layout: ClusterLayout, forwards: boolean): string {
  const { dns, hostAddress, controlPlane } = layout
  const lines = [
    `.:${dns.port} {`,
    `  bind ${hostAddress}`,
    `  ready ${hostAddress}:${dns.readyPort}`,
    '  errors',
    '  kubernetes cluster.local in-addr.arpa {',
    `    kubeconfig ${kubeconfigOf(controlPlane, 'coredns')}`,
    '  }',
    ...(forwards ? ['  forward . /etc/resolv.conf'] : []),
    '}',
  ]
  return `${lines.join('\n')}\n`
}

export function dnsProgram(layout: ClusterLayout, file: string): Program {
  const { dns, hostAddress } = layout
  return {
    name: 'coredns',
    file,
    args: ['-conf', corefileOf(layout)],
    isReady: () => answers(`http://${hostAddress}:${dns.readyPort}/ready`),
  }
}

/** What pods find it by, and what lets it see the Services. */
export async function declareDns(client: KubeClient, { dns, hostAddress }: ClusterLayout): Promise<void> {
  const namespace = 'kube-system'
  const name = 'kube-dns'
  const ports = ['UDP', 'TCP'].map((protocol) => ({ name: `dns-${protocol.toLowerCase()}`, protocol }))
  await apply(client, `/api/v1/namespaces/${namespace}/services/${name}`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { clusterIP: dns.serviceAddress, ports: ports.map((port) => ({ ...port, port: 53, targetPort: dns.port })) },
  })
  await apply(client, `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}`, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [hostAddress], conditions: { ready: true } }],
    ports: ports.map((port) => ({ ...port, port: dns.port })),
  })
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  await apply(client, `${rbac}/clusterroles/${USER}`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: USER },
    rules: [
      { apiGroups: [''], resources: ['services', 'namespaces', 'pods'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ],
  })
  await apply(client, `${rbac}/clusterrolebindings/${USER}`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: USER },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: USER },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: USER }],
  })
}

const apply = (client: KubeClient, url: string, body: object): Promise<unknown> =>
  client.request('PATCH', url, {
    query: { fieldManager: MANAGER, force: true },
    contentType: 'application/apply-patch+yaml',
    body,
  })
