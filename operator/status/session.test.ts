import { SessionSpec, type WhatsAppSession } from '@berth/core/model/session.ts'
import { describe, expect, it } from 'vitest'
import type { OwnerRow, StateRow } from '../poll.ts'
import { readinessOf, type SessionSight, sessionStatus } from './session.ts'
import { isWritten } from './written.ts'

const placement = { worker: 'pro-a', podUID: 'pod', generation: 2, boundAt: '2026-01-01T00:00:00Z' }
const owner: OwnerRow = {
  sessionId: 'id',
  generation: 2,
  wanted: 0,
  epoch: 7,
  bootId: 'boot',
  podUid: 'pod',
  released: false,
}
const state = (more: Partial<StateRow> = {}): StateRow => ({
  sessionId: 'id',
  state: 'Connected',
  reason: null,
  message: null,
  phoneNumber: '+5511',
  epoch: 7,
  ...more,
})
const working: SessionSight = { id: 'id', placement, owner, held: true, state: state() }

describe('readiness', () => {
  it('is true only under the present claim of a living owner in the right pod', () => {
    expect(readinessOf(working)).toMatchObject({ status: 'True', reason: 'Connected' })
    expect(readinessOf({ ...working, held: false }).reason).toBe('OwnerLost')
    expect(readinessOf({ ...working, owner: { ...owner, podUid: 'old' } }).reason).toBe('OwnerLost')
    expect(readinessOf({ ...working, state: state({ epoch: 6 }) }).reason).toBe('Connecting')
  })

  it('says what is missing', () => {
    expect(readinessOf({ held: false }).reason).toBe('Pending')
    expect(readinessOf({ held: false, placement, owner: { ...owner, epoch: 0, podUid: null } }).reason).toBe('Starting')
    expect(readinessOf({ ...working, reason: { reason: 'QuotaExceeded', message: 'why' } })).toEqual({
      status: 'False',
      reason: 'QuotaExceeded',
      message: 'why',
    })
  })

  it('tells of a database that went back until the session has a state of its own again', () => {
    const distrusted = { ...working, owner: { ...owner, distrusted: true } }
    expect(readinessOf({ ...distrusted, held: false }).reason).toBe('DatabaseRestored')
    expect(readinessOf({ ...distrusted, state: state({ epoch: 6 }) }).reason).toBe('DatabaseRestored')
    expect(readinessOf({ ...distrusted, state: state({ state: 'LoggedOut' }) }).reason).toBe('LoggedOut')
    expect(readinessOf(distrusted).status).toBe('True')
  })

  it("passes the worker's own words on, or advises", () => {
    const waiting = state({ state: 'WaitingForScan' })
    expect(readinessOf({ ...working, state: waiting }).message).toContain('Linked devices')
    expect(readinessOf({ ...working, state: { ...waiting, message: 'Its words.' } })).toMatchObject({
      reason: 'WaitingForScan',
      message: 'Its words.',
    })
  })
})

it('is not written again while it says the same', () => {
  const session: WhatsAppSession = {
    metadata: { name: 'support', generation: 3 },
    spec: SessionSpec.parse({ tenant: 'acme' }),
  }
  const status = sessionStatus(session, working, new Date(0))
  expect(isWritten(session.status, status)).toBe(false)
  const connection = { state: 'Connected' as const, since: '2026-01-01T00:00:00Z', epoch: 7 }
  const written: WhatsAppSession = { ...session, status: { ...status, connection } }
  expect(isWritten(written.status, sessionStatus(written, working, new Date(60_000)))).toBe(true)
  const lost = sessionStatus(written, { ...working, held: false }, new Date(60_000))
  expect(isWritten(written.status, lost)).toBe(false)
  expect(isWritten(written.status, sessionStatus(written, { ...working, placement: undefined }, new Date(0)))).toBe(
    false,
  )
})
