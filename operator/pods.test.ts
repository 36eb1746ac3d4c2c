import { defaultTiers } from '@berth/core/model/defaults.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { expect, it } from 'vitest'
import { isPodOf, podFor, templateRevision } from './pods.ts'
import { WorkerPod } from './worker-pod.ts'

const pro = defaultTiers.find(({ metadata }) => metadata.name === 'pro')!
const worker: Worker = { metadata: { name: 'pro-abcde', uid: 'uid' }, spec: { tier: 'pro', desiredState: 'Active' } }
const settings = { workerImage: 'berth/worker:1', workerSecret: 'berth-worker', workerPod: {} }

it('makes a pod that belongs to its worker and runs without privileges', () => {
  const pod = podFor(worker, pro, settings)
  expect(pod.metadata.name).toBe('pro-abcde')
  expect(isPodOf(pod, worker)).toBe(true)
  expect(isPodOf(pod, { ...worker, metadata: { name: 'pro-abcde', uid: 'another' } })).toBe(false)
  expect(pod.spec.terminationGracePeriodSeconds).toBe(30)
  expect(pod.spec.containers[0]?.env).toContainEqual({ name: 'BERTH_STOP_SECONDS', value: '25' })
  const [container] = pod.spec.containers
  expect(container).toMatchObject({ image: 'berth/worker:1', envFrom: [{ secretRef: { name: 'berth-worker' } }] })
  expect(container?.securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true })
})

it("prefers the tier's own image, and knows another template by its revision", () => {
  const other = structuredClone(pro)
  other.spec.workers.template.image = 'mine:2'
  expect(podFor(worker, other, settings).spec.containers[0]?.image).toBe('mine:2')
  expect(templateRevision(other, settings)).not.toBe(templateRevision(pro, settings))
  expect(templateRevision(structuredClone(pro), settings)).toBe(templateRevision(pro, settings))
})

it('is of the same template in whatever order it is written, and over hosts unless the installation says otherwise', () => {
  const [one, other] = [structuredClone(pro), structuredClone(pro)]
  one.spec.workers.template.nodeSelector = { a: '1', b: '2' }
  other.spec.workers.template.nodeSelector = { b: '2', a: '1' }
  expect(templateRevision(one, settings)).toBe(templateRevision(other, settings))
  expect(podFor(worker, pro, settings).spec.topologySpreadConstraints).toMatchObject([
    { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { 'berth.dev/tier': 'pro' } } },
  ])
  const workerPod = { topologySpreadConstraints: [{ topologyKey: 'zone' }] }
  expect(podFor(worker, pro, { ...settings, workerPod }).spec.topologySpreadConstraints).toEqual([
    { topologyKey: 'zone' },
  ])
})

it('knows the revision by what pods are made of, not by who makes them', () => {
  const ofOperator = (podName: string) => templateRevision(pro, { ...settings, podName } as typeof settings)
  expect(ofOperator('operator-a')).toBe(ofOperator('operator-b'))
})

it('adds what the installation says of all worker pods, and lets the tier have the last word', () => {
  const other = structuredClone(pro)
  other.spec.workers.template.nodeSelector = { pool: 'pro' }
  const workerPod = WorkerPod.parse({
    labels: { team: 'chat', 'berth.dev/tier': 'forged' },
    annotations: { note: 'kept' },
    env: [{ name: 'LOG_LEVEL', value: 'debug' }],
    imagePullSecrets: [{ name: 'registry' }],
    nodeSelector: { pool: 'workers', zone: 'a' },
    tolerations: [{ key: 'berth', operator: 'Exists' }],
    priorityClassName: 'high',
  })
  const { metadata, spec } = podFor(worker, other, { ...settings, workerPod })
  expect(metadata.labels).toMatchObject({ team: 'chat', 'berth.dev/tier': 'pro' })
  expect(metadata.annotations).toEqual({ note: 'kept' })
  expect(spec).toMatchObject({
    imagePullSecrets: [{ name: 'registry' }],
    nodeSelector: { pool: 'pro', zone: 'a' },
    tolerations: [{ key: 'berth', operator: 'Exists' }],
    priorityClassName: 'high',
    restartPolicy: 'Always',
  })
  expect(spec.containers[0]?.env).toContainEqual({ name: 'LOG_LEVEL', value: 'debug' })
  expect(templateRevision(other, { ...settings, workerPod })).not.toBe(templateRevision(other, settings))
})

it('leaves it to an installation to choose the settings of Node', () => {
  const chosen = { name: 'NODE_OPTIONS', value: '--max-old-space-size=100' }
  const env = podFor(worker, pro, { ...settings, workerPod: { env: [chosen] } }).spec.containers[0]?.env ?? []
  expect(env.filter(({ name }) => name === 'NODE_OPTIONS')).toEqual([chosen])
  expect(env.map(({ name }) => name)).toContain('MALLOC_ARENA_MAX')
})

it('mounts the volumes of the installation, whose group its files get, and stays without privileges', () => {
  const workerPod = WorkerPod.parse({
    volumes: [{ name: 'media', persistentVolumeClaim: { claimName: 'berth-media' } }],
    volumeMounts: [{ name: 'media', mountPath: '/media' }],
    securityContext: { fsGroup: 1000, fsGroupChangePolicy: 'OnRootMismatch' },
  })
  const { spec } = podFor(worker, pro, { ...settings, workerPod })
  expect(spec.volumes).toEqual(workerPod.volumes)
  expect(spec.containers[0]?.volumeMounts).toEqual(workerPod.volumeMounts)
  expect(spec).not.toHaveProperty('volumeMounts')
  expect(spec.securityContext).toMatchObject({ fsGroup: 1000, runAsNonRoot: true, runAsUser: 1000 })
  expect(() => WorkerPod.parse({ securityContext: { ...workerPod.securityContext, runAsUser: 0 } })).toThrow(
    'runAsUser',
  )
})
