/** The local kubelet, against the embedded Kubernetes API and with real processes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import type { Container, Pod, PodSpec } from '@berth/core/model/builtin.ts'
import { PodKind, SecretKind } from '@berth/core/model/kind.ts'
import { type Kubelet, startKubelet } from '@berth/local/kubelet/kubelet.ts'
import { type Kubernetes, startKubernetes } from '@berth/local/kubernetes/server.ts'
import { identify } from '@berth/local/process/identity.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

const server = path.join(import.meta.dirname, 'fixtures', 'server.mjs')
let folder: string
let api: Kubernetes
let client: KubeClient
let kubelet: Kubelet | undefined
let pods = 0

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'berth-kubelet-'))
  api = await startKubernetes({ dataDir: path.join(folder, 'kubernetes') })
  client = new KubeClient(await loadKubeConfig({ kubeconfig: api.kubeconfigPath }))
})

afterAll(async () => {
  await client.close()
  await api.close()
  await rm(folder, { recursive: true, force: true })
})

afterEach(async () => {
  for (const pod of (await client.list(PodKind)).items) {
    await client.delete(PodKind, pod.metadata.name, { gracePeriodSeconds: 0 })
  }
  await kubelet?.stop()
  kubelet = undefined
})

const start = async (maxPods?: number): Promise<void> => {
  kubelet = await startKubelet({
    ...(maxPods === undefined ? {} : { maxPods }),
    client,
    kubeconfig: api.kubeconfigPath,
    clone: folder,
    runFolder: path.join(folder, 'run'),
    logsFolder: path.join(folder, 'logs'),
  })
}

const probe = (route: string) => ({ httpGet: { path: route, port: 'http' }, periodSeconds: 1, failureThreshold: 1 })

async function createPod(container: Partial<Container> = {}, spec: Partial<PodSpec> = {}): Promise<Pod> {
  const main: Container = {
    name: 'main',
    image: 'example/server:1',
    command: [process.execPath, server],
    ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: probe('/readyz'),
    ...container,
  }
  pods += 1
  const metadata = { name: `pod-${pods}`, labels: { app: 'test' } }
  return client.create(PodKind, { metadata, spec: { containers: [main], ...spec } })
}

const read = (pod: Pod): Promise<Pod | undefined> => client.get(PodKind, pod.metadata.name)
const main = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0]
const isReady = (pod: Pod | undefined): boolean =>
  pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'

/** The pod as soon as it is as wanted. */
async function until(pod: Pod, wanted: (pod: Pod | undefined) => boolean): Promise<Pod> {
  const reached = await vi.waitFor(
    async () => {
      const now = await read(pod)
      if (!wanted(now)) throw new Error(`not yet: ${JSON.stringify(now?.status ?? null)}`)
      return now
    },
    { timeout: 60_000, interval: 20 },
  )
  return reached!
}

const pidOf = (pod: Pod): number => Number(/^process:\/\/(\d+)-/.exec(main(pod)!.containerID!)![1])

/** Where the process listens is only told to the process: it says so in its environment. */
async function ask(pod: Pod, route: string): Promise<string> {
  const environ = await readFile(`/proc/${pidOf(pod)}/environ`, 'utf8')
  const port = /\0PORT=(\d+)\0/.exec(`\0${environ}`)![1]
  return (await fetch(`http://127.0.0.1:${port}${route}`)).text()
}

describe('a pod', () => {
  it('is bound, runs, and is ready when its probe says so', async () => {
    await start()
    const pod = await until(
      await createPod({ env: [{ name: 'READY', value: 'false' }] }),
      (p) => !!main(p)?.state?.running,
    )
    expect(pod.spec.nodeName).toBe('local')
    expect(pod.status).toMatchObject({ phase: 'Running', podIP: '127.0.0.1' })
    expect(isReady(pod)).toBe(false)
    await vi.waitFor(() => ask(pod, '/ready?is=true'), { timeout: 60_000, interval: 20 })
    await until(pod, isReady)
    await ask(pod, '/ready?is=false')
    await until(pod, (p) => !isReady(p))
  })

  it('gets its environment from values, fields and secrets', async () => {
    await start()
    await client.create(SecretKind, { metadata: { name: 'settings' }, stringData: { COLOUR: 'blue', SIZE: '4' } })
    const created = await createPod({
      envFrom: [{ secretRef: { name: 'settings' } }],
      env: [
        { name: 'SIZE', value: '5' },
        { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
        { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: 'HUE', valueFrom: { secretKeyRef: { name: 'settings', key: 'COLOUR' } } },
      ],
    })
    const pod = await until(created, isReady)
    expect(JSON.parse(await ask(pod, '/env'))).toMatchObject({
      COLOUR: 'blue',
      SIZE: '5',
      POD_NAME: pod.metadata.name,
      POD_UID: pod.metadata.uid,
      APP: 'test',
      HUE: 'blue',
      POD_IP: '127.0.0.1',
      KUBECONFIG: api.kubeconfigPath,
    })
  })

  it('waits for a secret that is missing, and says which', async () => {
    await start()
    const pod = await createPod({ envFrom: [{ secretRef: { name: 'later' } }] })
    const waiting = await until(pod, (p) => main(p)?.state?.waiting?.reason === 'CreateContainerConfigError')
    expect(waiting.status?.phase).toBe('Pending')
    expect(main(waiting)?.state?.waiting?.message).toBe('secret "later" not found')
    await client.create(SecretKind, { metadata: { name: 'later' }, stringData: { A: 'b' } })
    await until(pod, isReady)
  })

  it('whose program or image does not exist says so, and harms nobody', async () => {
    await start()
    const noProgram = await createPod({ command: ['/nowhere/program'] })
    const noImage = await createPod({ command: undefined })
    const failed = await until(noProgram, (p) => main(p)?.state?.waiting?.reason === 'CrashLoopBackOff')
    expect(main(failed)?.lastState?.terminated).toMatchObject({ exitCode: 128, reason: 'StartError' })
    await until(noImage, (p) => main(p)?.state?.waiting?.reason === 'ErrImagePull')
    await until(await createPod(), isReady)
  })

  it('is restarted at once, then with a growing wait', async () => {
    await start()
    const pod = await until(await createPod(), isReady)
    await ask(pod, '/exit?code=3').catch(() => {})
    const restarted = await until(pod, (p) => main(p)?.restartCount === 1 && isReady(p))
    expect(main(restarted)?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' })
    expect(main(restarted)?.containerID).not.toBe(main(pod)?.containerID)
    await ask(restarted, '/exit?code=4').catch(() => {})
    const waiting = await until(pod, (p) => main(p)?.state?.waiting?.reason === 'CrashLoopBackOff')
    expect(main(waiting)?.state?.waiting?.message).toContain('back-off 10s')
    expect(main(waiting)).toMatchObject({ restartCount: 2, ready: false })
    expect(main(waiting)?.lastState?.terminated).toMatchObject({ exitCode: 4 })
  })

  it('that is killed says by which signal', async () => {
    await start()
    const pod = await until(await createPod(), isReady)
    process.kill(pidOf(pod), 'SIGKILL')
    const restarted = await until(pod, (p) => main(p)?.restartCount === 1)
    expect(main(restarted)?.lastState?.terminated).toMatchObject({ exitCode: 137, signal: 9 })
  })

  it('that does not answer its liveness probe is restarted', async () => {
    await start()
    const pod = await until(
      await createPod({ livenessProbe: { ...probe('/healthz'), initialDelaySeconds: 1 } }),
      isReady,
    )
    await ask(pod, '/sicken')
    await until(pod, (p) => main(p)?.restartCount === 1)
  })

  it('with restartPolicy Never ends as Succeeded or Failed', async () => {
    await start()
    const once = { restartPolicy: 'Never' as const }
    const good = await createPod({ command: ['/bin/sh', '-c', 'exit 0'], readinessProbe: undefined }, once)
    const bad = await createPod({ command: ['/bin/sh', '-c', 'exit 7'], readinessProbe: undefined }, once)
    await until(good, (p) => p?.status?.phase === 'Succeeded')
    const failed = await until(bad, (p) => p?.status?.phase === 'Failed')
    expect(main(failed)?.state?.terminated?.exitCode).toBe(7)
  })
})

describe('a deletion', () => {
  it('lets the process end by itself, then removes the pod', async () => {
    await start()
    const pod = await until(await createPod(), isReady)
    const process = identify(pidOf(pod))!
    await client.delete(PodKind, pod.metadata.name)
    await until(pod, (p) => p === undefined)
    expect(identify(process.pid)).not.toEqual(process)
  })

  it('kills after the grace period', async () => {
    await start()
    const pod = await until(await createPod({ env: [{ name: 'IGNORE_SIGTERM', value: '1' }] }), isReady)
    const process = identify(pidOf(pod))!
    await client.delete(PodKind, pod.metadata.name, { gracePeriodSeconds: 1 })
    expect(identify(process.pid)).toEqual(process)
    await until(pod, (p) => p === undefined)
    expect(identify(process.pid)).not.toEqual(process)
  })

  it('by force kills at once, with everything that the process started', async () => {
    await start()
    // The child listens on a port of its own: which of the two came first would else decide which of them lives.
    const script = `PORT=0 ${process.execPath} ${server} & exec ${process.execPath} ${server}`
    const pod = await until(await createPod({ command: ['/bin/sh', '-c', script] }), isReady)
    const leader = identify(pidOf(pod))!
    await client.delete(PodKind, pod.metadata.name, { gracePeriodSeconds: 0 })
    await vi.waitFor(() => expect(identify(leader.pid)).not.toEqual(leader), { timeout: 60_000 })
    await vi.waitFor(() => expect(() => process.kill(-leader.pid, 0)).toThrow('ESRCH'), { timeout: 60_000 })
  })
})

describe('the kubelet itself', () => {
  const startProcess = async (): Promise<ChildProcess> => {
    const file = path.join(import.meta.dirname, 'fixtures', 'kubelet.ts')
    const args = ['--disable-warning=ExperimentalWarning', file, api.kubeconfigPath, folder]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout!, 'data')
    return child
  }

  it('killed: the next one ends the processes left behind and goes on with the same pods', async () => {
    const first = await startProcess()
    const stubborn = { env: [{ name: 'IGNORE_SIGTERM', value: '1' }] }
    const pod = await until(await createPod(stubborn, { terminationGracePeriodSeconds: 1 }), isReady)
    const orphan = identify(pidOf(pod))!
    first.kill('SIGKILL')
    await once(first, 'exit')
    expect(identify(orphan.pid)).toEqual(orphan)
    await start()
    expect(identify(orphan.pid)).not.toEqual(orphan)
    const again = await until(pod, (p) => main(p)?.restartCount === 1 && isReady(p))
    expect(again.metadata.uid).toBe(pod.metadata.uid)
    expect(main(again)?.lastState?.terminated?.exitCode).toBe(137)
  })

  it('stopped: its processes end by themselves, and the pods stay for the next one', async () => {
    const first = await startProcess()
    const pod = await until(await createPod(), isReady)
    first.kill('SIGTERM')
    await once(first, 'exit')
    const stopped = (await read(pod))!
    expect(main(stopped)?.state?.terminated).toMatchObject({ exitCode: 0 })
    expect(isReady(stopped)).toBe(false)
    await start()
    await until(pod, (p) => main(p)?.restartCount === 1 && isReady(p))
  })
})

describe('room', () => {
  it('leaves the pods above its limit pending, and says why; the oldest comes next', async () => {
    await start(1)
    const first = await createPod()
    await until(first, isReady)
    const second = await createPod()
    const scheduled = (pod: Pod | undefined) => pod?.status?.conditions?.find(({ type }) => type === 'PodScheduled')
    const pending = await until(second, (pod) => scheduled(pod)?.status === 'False')
    expect(pending.spec.nodeName).toBeUndefined()
    expect(scheduled(pending)).toMatchObject({
      reason: 'Unschedulable',
      message: expect.stringContaining('Too many pods'),
    })
    await client.delete(PodKind, first.metadata.name, { gracePeriodSeconds: 0 })
    await until(second, isReady)
  })
})
