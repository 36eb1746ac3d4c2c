/** All that a cluster's API knows, kept aside and put back: what a restore of etcd from a backup looks like from outside. */
import type { ControlPlaneProgram } from './programs.ts'

interface ControlPlane {
  stopControlPlane(name: ControlPlaneProgram): Promise<void>
  startControlPlane(name: ControlPlaneProgram): Promise<void>
}

/** They remember what etcd has forgotten. */
const READERS: ControlPlaneProgram[] = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']

/** @param copy copies etcd's data while it does not run */
export async function keepState(controlPlane: ControlPlane, copy: () => Promise<void>): Promise<void> {
  await controlPlane.stopControlPlane('etcd')
  await copy()
  await controlPlane.startControlPlane('etcd')
}

/** As keepState, the other way. */
export async function restoreState(controlPlane: ControlPlane, copy: () => Promise<void>): Promise<void> {
  await keepState(controlPlane, copy)
  for (const name of READERS) {
    await controlPlane.stopControlPlane(name)
    await controlPlane.startControlPlane(name)
  }
}
