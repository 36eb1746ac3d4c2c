import { describe, expect, it } from 'vitest'
import type { ContainerState, Pod } from '../model/builtin.ts'
import { judgePod, observePods, type PodSight, podState, RESTART_MS } from './death.ts'

const pod = (state: ContainerState | undefined, phase: 'Running' | 'Failed' = 'Running'): Pod => ({
  metadata: { name: 'pro-1', uid: 'uid' },
  spec: { containers: [] },
  status: {
    phase,
    ...(state
      ? { containerStatuses: [{ name: 'worker', ready: false, restartCount: 0, image: '', imageID: '', state }] }
      : {}),
  },
})
const running = { running: { startedAt: '2026-01-01T00:00:00Z' } }
const terminated = { terminated: { exitCode: 137 } }
const crashLoop = { waiting: { reason: 'CrashLoopBackOff' } }
const LONG = 60_000

describe('podState', () => {
  it('reads what the kubelet says', () => {
    expect(podState(pod(undefined))).toBe('Up')
    expect(podState(pod(running))).toBe('Up')
    expect(podState(pod({ waiting: { reason: 'ContainerCreating' } }))).toBe('Up')
    expect(podState(pod(terminated))).toBe('Down')
    expect(podState(pod(crashLoop))).toBe('BackOff')
    expect(podState(pod(terminated, 'Failed'))).toBe('Finished')
  })
})

describe('judgePod', () => {
  const after = (...steps: [Pod | undefined, number][]): PodSight | undefined =>
    steps
      .reduce<ReadonlyMap<string, PodSight>>(
        (sights, [seen, at]) => observePods(sights, seen ? [seen] : [], at),
        new Map(),
      )
      .get('uid')

  it('leaves a container alone that may come back', () => {
    const sight = after([pod(running), 0], [pod(terminated), 1_000])
    expect(judgePod(sight, LONG, 1_000 + RESTART_MS - 1)).toBe('restarting')
    expect(judgePod(sight, LONG, 1_000 + RESTART_MS)).toBe('dead')
  })

  it('believes a crash loop at once', () => {
    expect(judgePod(after([pod(crashLoop), 1_000]), LONG, 1_000)).toBe('dead')
  })

  it('does not call a boot dead that renewed since: the kubelet spoke of the one before', () => {
    expect(judgePod(after([pod(crashLoop), 1_000]), 900, 60_000)).toBe('restarting')
  })

  it('takes a pod that is gone for dead only if it was down before', () => {
    expect(judgePod(after([pod(running), 0], [undefined, 1_000]), LONG, 60_000)).toBe('suspect')
    expect(judgePod(after([pod(terminated), 0], [undefined, 10]), LONG, 10)).toBe('dead')
  })

  it('only suspects what it never saw', () => {
    expect(judgePod(undefined, LONG, 0)).toBe('suspect')
  })

  it('starts anew when the container is back', () => {
    const sight = after([pod(terminated), 0], [pod(running), 100], [pod(terminated), 10_000])
    expect(judgePod(sight, LONG, 10_100)).toBe('restarting')
  })

  it('forgets pods that are long gone', () => {
    expect(after([pod(terminated), 0], [undefined, 1], [undefined, 700_000])).toBeUndefined()
  })
})
