import type { WhatsAppSession } from '@berth/core/model/session.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HeldSession, plan, type WantedSession, wantedOf } from './reconcile.ts'

const POD = 'pod-1'
const resource = (changes: { podUID?: string; desiredState?: 'Running' | 'Stopped'; id?: string | null }) =>
  ({
    metadata: { name: 'acme.support' },
    spec: {
      tenant: 'acme',
      provider: 'Baileys',
      desiredState: changes.desiredState ?? 'Running',
      linking: { attempt: 2 },
    },
    status: {
      ...(changes.id === null ? {} : { id: changes.id ?? 's1' }),
      placement: { worker: 'w', podUID: changes.podUID ?? POD, generation: 7, boundAt: '2026-01-01T00:00:00Z' },
    },
  }) as WhatsAppSession

describe('a resource', () => {
  test('placed in our pod is wanted', () => {
    expect(wantedOf(resource({}), POD)).toEqual({ sessionId: 's1', generation: 7, linkingAttempt: 2 })
  })
  test.each([
    ['in another pod of the same name', { podUID: 'pod-2' }],
    ['that should not run', { desiredState: 'Stopped' as const }],
    ['that was not mirrored yet', { id: null }],
  ])('%s is not', (_, changes) => expect(wantedOf(resource(changes), POD)).toBeUndefined())
})

const ids = ['a', 'b', 'c', 'd']
const oneEach = (sessions: WantedSession[]) => [...new Map(sessions.map((one) => [one.sessionId, one])).values()]
const session: fc.Arbitrary<WantedSession & HeldSession> = fc.record({
  sessionId: fc.constantFrom(...ids),
  generation: fc.integer({ min: 1, max: 3 }),
  linkingAttempt: fc.nat(2),
})
const some = fc.array(session).map(oneEach)

describe('the plan', () => {
  test('claims what is wanted and not held, stops what is held and not wanted, and touches nothing twice', () => {
    fc.assert(
      fc.property(some, some, fc.subarray(ids), (wanted, held, stoppedIds) => {
        const { claim, stop, relink } = plan(wanted, held, new Set(stoppedIds))
        const isHeld = (id: string) => held.some((one) => one.sessionId === id)
        const want = (id: string) => wanted.find((one) => one.sessionId === id)
        expect(claim.map((one) => one.sessionId)).toEqual(
          wanted
            .map((one) => one.sessionId)
            .filter((id) => !isHeld(id))
            .sort(),
        )
        for (const one of held) {
          const leaves = !want(one.sessionId) || want(one.sessionId)!.generation > one.generation
          expect(stop.some(({ sessionId }) => sessionId === one.sessionId)).toBe(leaves)
        }
        for (const { sessionId, why } of stop) expect(why).toBe(stoppedIds.includes(sessionId) ? 'stopped' : 'moved')
        const touched = [...claim, ...stop, ...relink].map((one) => one.sessionId)
        expect(new Set(touched).size).toBe(touched.length)
      }),
    )
  })

  test('has nothing to do when it was carried out', () => {
    fc.assert(
      fc.property(some, (wanted) => {
        expect(plan(wanted, wanted, new Set())).toEqual({ claim: [], stop: [], relink: [] })
      }),
    )
  })

  test('links anew for a higher attempt only', () => {
    const held = { sessionId: 'a', generation: 1, linkingAttempt: 1 }
    const relinked = (linkingAttempt: number) => plan([{ ...held, linkingAttempt }], [held], new Set()).relink.length
    expect([0, 1, 2].map(relinked)).toEqual([0, 0, 1])
  })
})
