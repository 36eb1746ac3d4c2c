/** etcd, kube-apiserver, kube-controller-manager and kube-scheduler of one cluster, on this machine. */
import { freePort } from '@berth/local/ports.ts'
import type { Processes } from '../processes.ts'
import { Authority, makeTokenKeys, writeKubeconfig, writePair, writeSecret } from './certificates.ts'
import {
  apiUrl,
  type ControlPlaneLayout,
  type ControlPlanePorts,
  type ControlPlaneProgram,
  controlPlaneProgram,
  kubeconfigOf,
  kubernetesServiceAddress,
  pki,
} from './programs.ts'

export async function chooseControlPlanePorts(): Promise<ControlPlanePorts> {
  return {
    etcd: await freePort(),
    etcdPeers: await freePort(),
    api: await freePort(),
    controllerManager: await freePort(),
    scheduler: await freePort(),
  }
}

/** Who else talks to the API. */
export interface ApiUser {
  /** Path of the kubeconfig to write. */
  kubeconfig: string
  user: string
  groups?: string[]
}

/** Makes all keys, and a kubeconfig for the person, for each part of the control plane, and for each of the others. */
export async function prepareControlPlane(layout: ControlPlaneLayout, others: ApiUser[] = []): Promise<void> {
  const authority = await Authority.make()
  await writeSecret(pki(layout, 'ca.crt'), authority.certificate)
  const names = ['kubernetes', 'default', 'svc', 'cluster', 'local'].map((_, index, all) =>
    all.slice(0, index + 1).join('.'),
  )
  const addresses = ['127.0.0.1', layout.address, kubernetesServiceAddress(layout)]
  const folder = pki(layout, '')
  await writePair(folder, 'api-server', await authority.server(['localhost', ...names], [...new Set(addresses)]))
  await writePair(folder, 'kubelet-client', await authority.client('kube-apiserver', ['system:masters']))
  const tokens = makeTokenKeys()
  await writeSecret(pki(layout, 'tokens.pub'), tokens.publicKey)
  await writeSecret(pki(layout, 'tokens.key'), tokens.privateKey)

  const users: ApiUser[] = [
    { kubeconfig: kubeconfigOf(layout, 'admin'), user: 'admin', groups: ['system:masters'] },
    { kubeconfig: kubeconfigOf(layout, 'controller-manager'), user: 'system:kube-controller-manager' },
    { kubeconfig: kubeconfigOf(layout, 'scheduler'), user: 'system:kube-scheduler' },
    ...others,
  ]
  for (const { kubeconfig, user, groups } of users) {
    await writeKubeconfig(kubeconfig, apiUrl(layout), authority, await authority.client(user, groups))
  }
}

/** Starts what does not run of these, in this order, each once the one before it answers. */
export async function startControlPlanePrograms<Name extends ControlPlaneProgram>(
  layout: ControlPlaneLayout,
  processes: Processes,
  files: Record<Name, string>,
  names: readonly Name[],
): Promise<void> {
  for (const name of names) await processes.start(controlPlaneProgram(name, layout, files[name]))
}
