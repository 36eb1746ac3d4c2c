/** etcd, kube-apiserver, kube-controller-manager and kube-scheduler of one cluster, on this machine. */
import { freePort } from '@berth/local/ports.ts'
import { addressOf } from '../ip.ts'
import type { Processes } from '../processes.ts'
import { Authority, makeTokenKeys, type Pair, writeKubeconfig, writePair, writeSecret } from './certificates.ts'
import {
  apiUrl,
  type ControlPlaneLayout,
  type ControlPlanePorts,
  type ControlPlaneProgram,
  controlPlaneProgram,
  kubeconfigOf,
  pki,
} from './programs.ts'

/** Is the first Service of the range, by convention. */
export const kubernetesServiceAddress = ({ serviceRange }: Pick<ControlPlaneLayout, 'serviceRange'>): string =>
  addressOf(serviceRange, 1)

export async function chooseControlPlanePorts(): Promise<ControlPlanePorts> {
  return {
    etcd: await freePort(),
    etcdPeers: await freePort(),
    api: await freePort(),
    controllerManager: await freePort(),
    scheduler: await freePort(),
  }
}

/** Makes all keys, and a kubeconfig for the person, for each part, and for each of `others`: user name to groups. */
export async function prepareControlPlane(
  layout: ControlPlaneLayout,
  others: { kubeconfig: string; user: string; groups?: string[] }[] = [],
): Promise<void> {
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

  const kubeconfig = (name: string, user: Pair) =>
    writeKubeconfig(kubeconfigOf(layout, name), apiUrl(layout), authority, user)
  await kubeconfig('admin', await authority.client('admin', ['system:masters']))
  await kubeconfig('controller-manager', await authority.client('system:kube-controller-manager'))
  await kubeconfig('scheduler', await authority.client('system:kube-scheduler'))
  for (const { kubeconfig: name, user, groups } of others) await kubeconfig(name, await authority.client(user, groups))
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
