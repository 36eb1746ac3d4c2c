/**
 * A control plane without nodes: enough for everything that only talks to the API. Needs no root. It belongs to the
 * process that started it; when that is killed, the next one (or `npm run cluster:down`) removes it.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { identify, isRunning, type ProcessIdentity } from '@berth/local/process/identity.ts'
import { ensureBinaries } from '../binaries/build.ts'
import { withLock } from '../lock.ts'
import { Processes } from '../processes.ts'
import { chooseControlPlanePorts, prepareControlPlane, startControlPlanePrograms } from './control-plane.ts'
import { apiUrl, type ControlPlaneLayout, type ControlPlaneProgram, kubeconfigOf } from './programs.ts'
import { waitForDefaults } from './readiness.ts'

export interface ControlPlane {
  /** Path of an administrator's kubeconfig. */
  kubeconfig: string
  url: string
  /** Path of the kubectl of the same version. */
  kubectl: string
  logs: string
  /** Ends it and removes all of it. */
  stop(): Promise<void>
}

export interface ControlPlaneOptions {
  onProgress?: (line: string) => void
  /** With the controllers of Kubernetes and its scheduler (default: only the API). */
  controllers?: boolean
}

const API: ControlPlaneProgram[] = ['etcd', 'kube-apiserver']
const CONTROLLERS: ControlPlaneProgram[] = ['kube-controller-manager', 'kube-scheduler']
const OWNER = 'owner.json'

const home = path.join(os.tmpdir(), 'berth-control-planes')

/** Resolves when all of it answers: some seconds, and some minutes more when its programs have to be built first. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { onProgress = () => {}, controllers = false } = options
  const names = controllers ? [...API, ...CONTROLLERS] : API
  const files = await ensureBinaries([...names, 'kubectl'], onProgress)
  await removeAbandonedControlPlanes()
  const folder = await makeFolder()
  const processes = new Processes(folder)
  const stop = async () => {
    await processes.killAll()
    await oneAtATime(() => rm(folder, { recursive: true, force: true }))
  }
  const layout: ControlPlaneLayout = {
    folder,
    address: '127.0.0.1',
    ports: await chooseControlPlanePorts(),
    serviceRange: '10.96.0.0/16',
    hasNoNodes: true,
  }
  try {
    await prepareControlPlane(layout)
    await startControlPlanePrograms(layout, processes, files, names)
    await waitForDefaults(kubeconfigOf(layout, 'admin'), controllers)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    kubeconfig: kubeconfigOf(layout, 'admin'),
    url: apiUrl(layout),
    kubectl: files.kubectl,
    logs: path.join(folder, 'logs'),
    stop,
  }
}

/** Ends and removes those whose owner is gone. */
export function removeAbandonedControlPlanes(): Promise<void> {
  return oneAtATime(async () => {
    for (const name of await readdir(home).catch(() => [])) {
      const folder = path.join(home, name)
      const owner = await readOwner(folder)
      if (owner && isRunning(owner)) continue
      await new Processes(folder).killAll()
      await rm(folder, { recursive: true, force: true })
    }
  })
}

/** Folders are removed by their owners and by others: not at the same time. */
const oneAtATime = <T>(task: () => Promise<T>): Promise<T> => withLock('control-planes', () => {}, task)

async function makeFolder(): Promise<string> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  // The owner stands in it before it is found under a name that others look at.
  const made = await mkdtemp(path.join(os.tmpdir(), 'berth-control-plane-'))
  await writeFile(path.join(made, OWNER), JSON.stringify(identify(process.pid)))
  const folder = path.join(home, path.basename(made))
  await rename(made, folder)
  return folder
}

async function readOwner(folder: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(path.join(folder, OWNER), 'utf8').catch(() => undefined)
  return text ? (JSON.parse(text) as ProcessIdentity) : undefined
}
