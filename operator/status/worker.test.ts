import type { Pod } from '@berth/core/model/builtin.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { expect, it } from 'vitest'
import { type WorkerSight, workerStatus } from './worker.ts'

const worker: Worker = { metadata: { name: 'pro-a' }, spec: { tier: 'pro', desiredState: 'Active' } }
const pod = (status: Pod['status']): Pod => ({
  metadata: { name: 'pro-a', uid: 'pod' },
  spec: { containers: [] },
  status,
})
const waiting = (reason: string, message: string): Pod =>
  pod({
    containerStatuses: [
      {
        name: 'worker',
        ready: false,
        restartCount: 0,
        image: '',
        imageID: '',
        state: { waiting: { reason, message } },
      },
    ],
  })

const sight: WorkerSight = { phase: 'Ready', outdated: false, tenants: 2, placed: 3, connected: 3 }
const readyOf = (more: Partial<WorkerSight>, spec: Partial<Worker['spec']> = {}) =>
  workerStatus({ ...worker, spec: { ...worker.spec, ...spec } }, { ...sight, ...more }, new Date(0)).conditions?.[0]

it('that works says what is to become of it', () => {
  expect(readyOf({})).toMatchObject({ status: 'True', reason: 'Ready' })
  expect(readyOf({ outdated: true })).toMatchObject({ status: 'True', reason: 'Outdated' })
  expect(readyOf({}, { desiredState: 'Cordoned' })).toMatchObject({ status: 'True', reason: 'Cordoned' })
  expect(readyOf({ outdated: true }, { desiredState: 'Drained' })).toMatchObject({ status: 'True', reason: 'Drained' })
})

it.each<[string, Partial<WorkerSight>, string, RegExp]>([
  ['whose pod is on its way', { phase: 'Starting', pod: pod({}) }, 'Starting', /^Its pod starts\.$/],
  [
    'whose image is not there',
    { phase: 'Starting', pod: waiting('ErrImagePull', 'not found') },
    'ImagePullBackOff',
    /does not start: not found\. Correct the image/,
  ],
  [
    'whose Secret is not there',
    { phase: 'Starting', pod: waiting('CreateContainerConfigError', 'secret "berth-worker" not found') },
    'CreateContainerConfigError',
    /secret "berth-worker" not found\. Create what is missing/,
  ],
  [
    'whose pod a quota forbids',
    { phase: 'Starting', refused: 'exceeded quota: memory' },
    'PodRefused',
    /exceeded quota: memory\. Raise the quota/,
  ],
  ['whose process fell silent', { phase: 'Lost', pod: pod({}) }, 'Lost', /died or fallen silent; its sessions move/],
  [
    'whose process crashes',
    { phase: 'Lost', pod: waiting('CrashLoopBackOff', 'back-off 10s') },
    'Lost',
    /died \(CrashLoopBackOff: back-off 10s\); its/,
  ],
  [
    'whose pod was evicted',
    { phase: 'Gone', pod: pod({ phase: 'Failed', reason: 'Evicted', message: 'no memory.' }) },
    'PodGone',
    /gone \(Evicted: no memory\), and so it will be replaced/,
  ],
])('one %s says so, and what to do', (_, more, reason, message) => {
  const said = readyOf(more)
  expect(said).toMatchObject({ status: 'False', reason })
  expect(said?.message).toMatch(message)
})
