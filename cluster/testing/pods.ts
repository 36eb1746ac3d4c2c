/** Pods for the tests of the cluster: each runs the probe, which answers with its own name and asks what it is told. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { expect, vi } from 'vitest'
import { ensureBinaries } from '../binaries/build.ts'
import type { TestCluster } from '../cluster.ts'
import { run } from '../command.ts'
import { writeImage } from '../node/image.ts'

export interface Pod {
  metadata: { name: string; uid: string }
  status: { podIP: string; containerStatuses?: { ready: boolean; restartCount: number }[] }
}

export const CONTAINER = 'probe'
const IMAGE = 'docker.io/berth/probe:1'
const PORT = 8080
/** Of conditions that come by themselves; what is not there then never comes. */
const PATIENCE = { timeout: 120_000, interval: 200 }

export const eventually = <T>(check: () => Promise<T>): Promise<T> => vi.waitFor(check, PATIENCE)

export class Pods {
  readonly #cluster: TestCluster

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
  }

  /** Gives the nodes the image that all pods run. */
  async loadImage(): Promise<void> {
    const { probe } = await ensureBinaries(['probe'], () => {})
    const folder = await mkdtemp(path.join(os.tmpdir(), 'berth-probe-'))
    try {
      const archive = path.join(folder, 'probe.tar')
      await writeImage(IMAGE, probe, archive)
      await this.#cluster.loadImages([archive])
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  kubectl(...args: string[]): Promise<string> {
    return run(this.#cluster.kubectl, ['--kubeconfig', this.#cluster.kubeconfig, ...args])
  }

  /** Resolves when it is ready. */
  async start(name: string, node: string): Promise<Pod> {
    await this.#apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: name } },
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 1,
        containers: [
          { name: CONTAINER, image: IMAGE, readinessProbe: { httpGet: { path: '/', port: PORT }, periodSeconds: 1 } },
        ],
      },
    })
    return this.untilReady(name)
  }

  /** @param restarts at least so many of its container must have been counted */
  untilReady(name: string, restarts = 0): Promise<Pod> {
    return eventually(async () => {
      const pod = await this.find(name)
      const [container] = pod.status.containerStatuses ?? []
      expect(container?.ready && container.restartCount >= restarts).toBe(true)
      return pod
    })
  }

  /** A Service in front of the pod of this name. Returns its NodePort. */
  async expose(name: string): Promise<number> {
    await this.#apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { type: 'NodePort', selector: { app: name }, ports: [{ port: 80, targetPort: PORT }] },
    })
    return Number(await this.kubectl('get', 'service', name, '--output', 'jsonpath={.spec.ports[0].nodePort}'))
  }

  async find(name: string): Promise<Pod> {
    return JSON.parse(await this.kubectl('get', 'pod', name, '--output', 'json')) as Pod
  }

  /** What a pod gets when it asks for a URL, or the addresses of a name. Throws with the probe's words when it gets none. */
  async ask(name: string, what: string): Promise<string> {
    return (await this.kubectl('exec', name, '--', '/program', what)).trim()
  }

  urlOf({ status }: Pod): string {
    return `http://${status.podIP}:${PORT}`
  }

  async #apply(object: object): Promise<void> {
    const args = ['--kubeconfig', this.#cluster.kubeconfig, 'apply', '--filename', '-']
    await run(this.#cluster.kubectl, args, Readable.from([JSON.stringify(object)]))
  }
}
