import type { Placement } from '@berth/core/model/session.ts'
import { SessionSpec, type WhatsAppSession } from '@berth/core/model/session.ts'
import type { Worker, WorkerStatus } from '@berth/core/model/worker.ts'
import { describe, expect, it } from 'vitest'
import type { OwnerRow, StateRow } from '../poll.ts'
import { Calm, isOnItsWay } from './calm.ts'
import { type SessionSight, sessionStatus } from './session.ts'
import { isWritten } from './written.ts'

const boundAt = '2026-01-01T00:00:00Z'
const at = (ms: number) => new Date(Date.parse(boundAt) + ms)
const placement = (worker: string, generation: number): Placement => ({ worker, podUID: worker, generation, boundAt })
const owner = (worker: string, epoch: number): OwnerRow => ({
  sessionId: 'id',
  generation: epoch,
  wanted: 0,
  epoch,
  bootId: worker,
  podUid: worker,
  released: false,
})
const state = (name: string, epoch: number): StateRow => ({
  sessionId: 'id',
  state: name,
  reason: null,
  message: null,
  phoneNumber: '+5511',
  epoch,
})

/** What an operator would write that sees this, one after the other, on a session that is connected on worker a. */
function writesFor(sights: [ms: number, sight: SessionSight][]): string[] {
  let session: WhatsAppSession = { metadata: { name: 'a' }, spec: SessionSpec.parse({ tenant: 'acme' }) }
  const before = {
    id: 'id',
    placement: placement('a', 1),
    owner: owner('a', 1),
    held: true,
    state: state('Connected', 1),
  }
  session = { ...session, status: sessionStatus(session, before, at(-60_000)) }
  return sights.flatMap(([ms, sight]) => {
    const status = sessionStatus(session, sight, at(ms))
    if (isWritten(session.status, status) || isOnItsWay(session, status, at(ms))) return []
    session = { ...session, status }
    return [`${status.placement?.worker} ${status.conditions?.[0]?.reason}`]
  })
}

const moved = { id: 'id', placement: placement('b', 2) }
const stages = (ms: number): [number, SessionSight][] => [
  [0, { ...moved, owner: owner('a', 1), held: true, state: state('Connected', 1) }],
  [ms, { ...moved, owner: { ...owner('a', 1), released: true }, held: false, state: state('Disconnected', 1) }],
  [2 * ms, { ...moved, owner: owner('b', 2), held: true, state: state('Disconnected', 1) }],
  [3 * ms, { ...moved, owner: owner('b', 2), held: true, state: state('Connecting', 2) }],
  [4 * ms, { ...moved, owner: owner('b', 2), held: true, state: state('Connected', 2) }],
]

describe('a session that moves', () => {
  it('costs two writes: its place, and that it is back', () => {
    expect(writesFor(stages(300))).toEqual(['b OwnerLost', 'b Connected'])
  })

  it('has its stages told when they take long', () => {
    expect(writesFor(stages(2_000))).toEqual(['b OwnerLost', 'b Connecting', 'b Connected'])
  })

  it('is told at once when it does not come back', () => {
    const banned: [number, SessionSight] = [
      600,
      { ...moved, owner: owner('b', 2), held: true, state: state('Banned', 2) },
    ]
    expect(writesFor([...stages(200).slice(0, 2), banned])).toEqual(['b OwnerLost', 'b Banned'])
  })
})

describe('counts', () => {
  const condition = (reason: string, message: string) => [
    { type: 'Ready', status: 'True' as const, reason, message, lastTransitionTime: boundAt },
  ]
  const status = (placed: number, more: WorkerStatus = {}): WorkerStatus => ({
    node: 'one',
    sessions: { placed, connected: placed },
    conditions: condition('Ready', `${placed} sessions`),
    ...more,
  })
  const worker: Worker = {
    metadata: { name: 'a', uid: 'a' },
    spec: { tier: 'pro', desiredState: 'Active' },
    status: status(1),
  }

  it('are written at once, and again after two seconds', () => {
    const calm = new Calm()
    expect(calm.mayWait(worker, status(2), 0)).toBe(false)
    calm.wrote(worker, 0)
    expect(calm.mayWait(worker, status(3), 1_999)).toBe(true)
    expect(calm.mayWait(worker, status(3), 2_000)).toBe(false)
    calm.forget(2_000)
    expect(calm.mayWait(worker, status(3), 0)).toBe(false)
  })

  it('wait for nothing else', () => {
    const calm = new Calm()
    calm.wrote(worker, 0)
    expect(calm.mayWait(worker, status(2, { node: 'two' }), 1)).toBe(false)
    expect(calm.mayWait(worker, status(2, { conditions: condition('Outdated', 'other') }), 1)).toBe(false)
    expect(calm.mayWait({ ...worker, metadata: { name: 'b', uid: 'b' } }, status(2), 1)).toBe(false)
  })
})
