import type { ContainerState, Pod } from '@berth/core/model/builtin.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { describe, expect, it } from 'vitest'
import { Judge } from './judge.ts'
import type { LeaseRow, Reading } from './poll.ts'

const worker: Worker = {
  metadata: { name: 'pro-a', uid: 'worker' },
  spec: { tier: 'pro', desiredState: 'Active' },
  status: { podUID: 'pod' },
}
const pod = (state: ContainerState, ready = true): Pod => ({
  metadata: { name: 'pro-a', uid: 'pod' },
  spec: { containers: [] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [{ name: 'worker', ready, restartCount: 0, image: '', imageID: '', state }],
  },
})
const running = { running: { startedAt: '2026-01-01T00:00:00Z' } }
const lease = (renewals: number, more: Partial<LeaseRow> = {}): LeaseRow => ({
  bootId: 'boot',
  bootNumber: 1,
  podUid: 'pod',
  worker: 'pro-a',
  address: 'http://127.0.0.1:1',
  renewals,
  open: true,
  ...more,
})

/** Polls every half second up to `until`; answers the judge and what the last poll wants revoked. */
function watch(until: number, seen: (t: number) => { leases: LeaseRow[]; pod?: Pod }) {
  const judge = new Judge()
  let revocations = judge.observe(reading([], 0), [], 0)
  for (let t = 0; t <= until; t += 500) {
    const { leases, pod: found } = seen(t)
    revocations = judge.observe(reading(leases, t), found ? [found] : [], t)
  }
  const last = seen(until).pod
  return { revoked: revocations.map(({ reason }) => reason), ...judge.phaseOf(worker, last, until) }
}
const reading = (leases: LeaseRow[], sentAt: number): Reading => ({
  marks: { owners: '', states: '' },
  owners: new Map(),
  states: new Map(),
  logouts: new Map(),
  leases,
  trust: { incarnation: 1, mark: 0, reported: false },
  canaryBeat: sentAt,
  sentAt,
})
const renewing = (t: number): LeaseRow => lease(Math.floor(t / 1000))

describe('the judge', () => {
  it('finds a worker ready whose pod is ready and whose boot renews', () => {
    expect(watch(10_000, (t) => ({ leases: [renewing(t)], pod: pod(running) }))).toMatchObject({
      revoked: [],
      phase: 'Ready',
    })
  })

  it('is unsure of one that is late or not ready, and proves nothing by it', () => {
    const late = watch(3_500, () => ({ leases: [lease(1)], pod: pod(running) }))
    expect(late).toMatchObject({ revoked: [], phase: 'Unsure' })
    const unready = watch(10_000, (t) => ({ leases: [renewing(t)], pod: pod(running, false) }))
    expect(unready).toMatchObject({ revoked: [], phase: 'Unsure' })
  })

  it('gives up a boot that is silent for the time of its lease', () => {
    const silent = watch(5_000, () => ({ leases: [lease(1)], pod: pod(running) }))
    expect(silent).toMatchObject({ revoked: ['silent for 5 s'], phase: 'Lost' })
  })

  it('gives up a boot whose container stays down, but not one that came back', () => {
    const died = (t: number) => (t < 1_000 ? pod(running) : pod({ terminated: { exitCode: 1 } }))
    const dead = watch(3_000, (t) => ({ leases: [lease(Math.min(t, 500))], pod: died(t) }))
    expect(dead).toMatchObject({ revoked: ['the container has ended'], phase: 'Lost' })
    const early = watch(2_500, (t) => ({ leases: [lease(Math.min(t, 500))], pod: died(t) }))
    expect(early).toMatchObject({ revoked: [], phase: 'Unsure' })
    const back = watch(3_000, (t) => ({
      leases: [lease(Math.min(t, 500)), lease(t, { bootId: 'next', bootNumber: 2 })],
      pod: t < 1_000 || t > 1_500 ? pod(running) : died(t),
    }))
    expect(back).toMatchObject({ revoked: [], phase: 'Ready' })
  })

  it('gives up one after another of many that fell silent together, and none that wakes up', () => {
    const judge = new Judge()
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const pods = names.map((name) => ({
      ...pod(running),
      metadata: { name, uid: name },
      spec: { containers: [], nodeName: 'n' },
    }))
    const revoked: [number, string][] = []
    const open = new Set(names)
    for (let t = 0; t <= 30_000; t += 500) {
      const wakesUp = (name: string) => name === 'f' && t > 20_000
      const leases = [...open].map((name) => lease(wakesUp(name) ? t : 1, { bootId: name, podUid: name }))
      for (const { boot } of judge.observe(reading(leases, t), pods, t)) {
        revoked.push([t, boot.bootId])
        open.delete(boot.bootId)
      }
      if (t === 14_000) expect([judge.kept, judge.isKept('a')]).toEqual([6, true])
    }
    expect(revoked).toEqual([
      [15_000, 'a'],
      [25_000, 'b'],
    ])
    expect(open).toContain('f')
  })

  it('knows a pod that is starting, leaving or gone', () => {
    expect(watch(0, () => ({ leases: [], pod: pod(running, false) })).phase).toBe('Starting')
    const leaving = {
      ...pod(running),
      metadata: { name: 'pro-a', uid: 'pod', deletionTimestamp: '2026-01-01T00:00:00Z' },
    }
    expect(watch(0, () => ({ leases: [renewing(0)], pod: leaving })).phase).toBe('Leaving')
    expect(watch(0, () => ({ leases: [renewing(0)] })).phase).toBe('Gone')
  })

  it('holds a boot for lost that ended by itself', () => {
    const ended = watch(1_000, (t) => ({ leases: [lease(t, { open: false })], pod: pod(running) }))
    expect(ended).toMatchObject({ revoked: [], phase: 'Lost' })
  })
})
