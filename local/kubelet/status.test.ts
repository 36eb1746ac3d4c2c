import type { ContainerStatus, Pod, PodSpec } from '@berth/core/model/builtin.ts'
import { describe, expect, it } from 'vitest'
import { podStatus } from './status.ts'

const container = (over: Partial<ContainerStatus>): ContainerStatus => ({
  name: 'main',
  image: 'berth/worker:local',
  imageID: '',
  ready: false,
  restartCount: 0,
  lastState: {},
  ...over,
})
const running = container({ ready: true, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } })
const ended = (exitCode: number) => container({ state: { terminated: { exitCode } } })
const waiting = container({ state: { waiting: { reason: 'ContainerCreating' } } })

const pod = (restartPolicy: PodSpec['restartPolicy'], over: Partial<Pod> = {}): Pod => ({
  metadata: { name: 'pod' },
  spec: { containers: [], restartPolicy },
  ...over,
})
const now = new Date('2026-01-02T00:00:00.500Z')
const phase = (of: Pod, ...containers: ContainerStatus[]) => podStatus(of, containers, now).phase

describe('phase', () => {
  it('is Pending until every container has run', () => {
    expect(phase(pod('Always'), waiting)).toBe('Pending')
    expect(phase(pod('Always'), running, waiting)).toBe('Pending')
    expect(phase(pod('Always'), running)).toBe('Running')
  })

  it('stays Running while a container will be started again', () => {
    expect(phase(pod('Always'), ended(0))).toBe('Running')
    expect(phase(pod('OnFailure'), ended(1))).toBe('Running')
    const looping = container({ state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: ended(1).state! })
    expect(phase(pod('Always'), looping)).toBe('Running')
  })

  it('ends by the exit codes when none will be', () => {
    expect(phase(pod('OnFailure'), ended(0))).toBe('Succeeded')
    expect(phase(pod('Never'), ended(0), ended(2))).toBe('Failed')
    expect(phase(pod('Never'), ended(0), running)).toBe('Running')
    const deleted = pod('Always', { metadata: { name: 'pod', deletionTimestamp: '2026-01-01T00:00:00Z' } })
    expect(phase(deleted, ended(0))).toBe('Succeeded')
  })
})

describe('Ready', () => {
  const ready = (of: Pod, ...containers: ContainerStatus[]) =>
    podStatus(of, containers, now).conditions!.find(({ type }) => type === 'Ready')

  it('names the containers that are not', () => {
    expect(ready(pod('Always'), running)?.status).toBe('True')
    expect(ready(pod('Always'), running, { ...waiting, name: 'helper' })).toMatchObject({
      status: 'False',
      message: 'containers with unready status: [helper]',
    })
  })

  it('keeps the time of its last change', () => {
    const before = { type: 'Ready', status: 'True' as const, lastTransitionTime: '2026-01-01T00:00:00Z' }
    const was = pod('Always', { status: { conditions: [before] } })
    expect(ready(was, running)?.lastTransitionTime).toBe(before.lastTransitionTime)
    expect(ready(was, waiting)?.lastTransitionTime).toBe('2026-01-02T00:00:00Z')
  })
})
