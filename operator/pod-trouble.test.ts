import type { ContainerStatus, Pod } from '@berth/core/model/builtin.ts'
import { expect, it } from 'vitest'
import { troubleOf } from './pod-trouble.ts'

const pod = (status: Pod['status']): Pod => ({ metadata: { name: 'pro-a' }, spec: { containers: [] }, status })
const container = (more: Partial<ContainerStatus>): Pod =>
  pod({
    phase: 'Running',
    containerStatuses: [{ name: 'worker', ready: false, restartCount: 1, image: '', imageID: '', ...more }],
  })
const oom = { terminated: { exitCode: 137, reason: 'OOMKilled' } }

it.each<[string, Pod | undefined, string | undefined, string]>([
  ['no pod', undefined, undefined, ''],
  ['one that runs', container({ state: { running: { startedAt: '' } }, lastState: oom }), undefined, ''],
  ['one on its way', container({ state: { waiting: { reason: 'ContainerCreating' } } }), undefined, ''],
  [
    'one that no node takes',
    pod({
      phase: 'Pending',
      conditions: [
        { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes are available.' },
      ],
    }),
    'Unschedulable',
    '0/2 nodes are available',
  ],
  [
    'an image that can not be pulled',
    container({ state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } }),
    'ImagePullBackOff',
    'not found',
  ],
  [
    'a crash loop, with what ended it last',
    container({ state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } }, lastState: oom }),
    'CrashLoopBackOff',
    'back-off 10s; its container needed more memory than its limit (OOMKilled, exit code 137)',
  ],
  [
    'a process that has ended',
    container({ state: { terminated: { exitCode: 1 } } }),
    'Error',
    'its container has ended (Error, exit code 1)',
  ],
  [
    'an eviction',
    pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' }),
    'Evicted',
    'The node was low on resource: memory',
  ],
])('%s', (_, given, reason, message) => {
  const trouble = troubleOf(given)
  expect(trouble?.reason).toBe(reason)
  expect(trouble?.message ?? '').toBe(message)
})
