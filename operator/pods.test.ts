import { defaultTiers } from '@berth/core/model/defaults.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { expect, it } from 'vitest'
import { isPodOf, podFor, templateRevision } from './pods.ts'

const pro = defaultTiers.find(({ metadata }) => metadata.name === 'pro')!
const worker: Worker = { metadata: { name: 'pro-abcde', uid: 'uid' }, spec: { tier: 'pro', desiredState: 'Active' } }
const settings = { workerImage: 'berth/worker:1', workerSecret: 'berth-worker' }

it('makes a pod that belongs to its worker and runs without privileges', () => {
  const pod = podFor(worker, pro, settings)
  expect(pod.metadata.name).toBe('pro-abcde')
  expect(isPodOf(pod, worker)).toBe(true)
  expect(isPodOf(pod, { ...worker, metadata: { name: 'pro-abcde', uid: 'another' } })).toBe(false)
  expect(pod.spec.terminationGracePeriodSeconds).toBe(30)
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
