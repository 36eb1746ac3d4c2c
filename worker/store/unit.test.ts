import { KeyRing } from '@berth/core/crypto/seal.ts'
import type { MessageStatus } from '@berth/core/postgres/tables.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Codec } from './codec.ts'
import { compareStatus } from './message-status.ts'
import { Ownership } from './ownership.ts'
import { keyPlace, toRows, type Unit } from './unit.ts'

const ring = KeyRing.parse(KeyRing.generate())
const owners = ['a', 'b', 'c'].map((sessionId) => {
  return new Ownership({ sessionId, tenantId: 't', epoch: 1, distrusted: false }, ring.sealer(sessionId))
})
const codec: Codec = {
  encode: (_, value) => Buffer.from(String(value)),
  decode: (_, bytes) => bytes.toString(),
  cost: () => 1,
}

const key = fc.record({
  type: fc.constantFrom('session', 'pre-key'),
  id: fc.constantFrom('1', '2'),
  value: fc.option(fc.nat(99), { nil: undefined }),
})
const unit: fc.Arbitrary<Unit> = fc.record({
  owner: fc.constantFrom(...owners),
  codec: fc.constant(codec),
  purge: fc.boolean(),
  keys: fc.array(key, { maxLength: 3 }),
  credential: fc.option(
    fc.nat(99).map((n) => ({ linkingAttempt: n, value: Buffer.from(`${n}`) })),
    { nil: undefined },
  ),
})

/** What the database holds when each unit is applied by itself, in order. */
function appliedOneByOne(units: Unit[]): Map<string, string> {
  const state = new Map<string, string>()
  for (const { owner, purge, keys = [], credential } of units) {
    if (purge) for (const place of [...state.keys()]) if (place.startsWith(owner.sessionId)) state.delete(place)
    for (const { type, id, value } of keys) {
      const place = `${owner.sessionId}/${keyPlace(type, id)}`
      if (value === undefined) state.delete(place)
      else state.set(place, String(value))
    }
    if (credential) state.set(`${owner.sessionId}/credential`, credential.value.toString())
  }
  return state
}

/** The same, from the rows of one commit: the purge first, then the rest, as write_commit does it. */
function appliedAsOne(units: Unit[], before: Map<string, string>): Map<string, string> {
  const state = new Map(before)
  for (const { session, purge, keys, credential } of toRows(units)) {
    const { seal: _, open } = ring.sealer(session.sessionId)
    if (purge) for (const place of [...state.keys()]) if (place.startsWith(session.sessionId)) state.delete(place)
    for (const { type, id, value } of keys) {
      const place = `${session.sessionId}/${keyPlace(type, id)}`
      if (value === undefined) state.delete(place)
      else state.set(place, open(keyPlace(type, id), value).toString())
    }
    if (credential) state.set(`${session.sessionId}/credential`, open('credential', credential.value).toString())
  }
  return state
}

describe('a batch of units', () => {
  test('written as one commit, leaves what its units would leave one by one', () => {
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 12 }), fc.array(unit, { maxLength: 12 }), (earlier, batch) => {
        expect(appliedAsOne(batch, appliedOneByOne(earlier))).toEqual(appliedOneByOne([...earlier, ...batch]))
      }),
    )
  })

  test('names each session once, in the order of the locks, and each row once', () => {
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 12 }), (batch) => {
        const rows = toRows(batch)
        const ids = rows.map(({ session }) => session.sessionId)
        expect(ids).toEqual([...new Set(ids)].sort())
        for (const { keys } of rows) {
          const places = keys.map(({ type, id }) => keyPlace(type, id))
          expect(new Set(places).size).toBe(places.length)
        }
      }),
    )
  })

  test('takes the furthest status of a message, and keeps the time of its sending', () => {
    const statuses: MessageStatus[] = ['sending', 'failed', 'sent', 'delivered', 'read']
    const sentAt = new Date(5)
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...statuses), { minLength: 1 }), (seen) => {
        const units = seen.map(
          (status): Unit => ({
            owner: owners[0]!,
            statuses: [{ whatsappId: 'X', status, ...(status === 'sent' ? { sentAt } : {}) }],
          }),
        )
        const [change] = toRows(units)[0]!.statuses
        expect(change!.status).toBe([...seen].sort(compareStatus).at(-1))
        expect(change!.sentAt).toEqual(seen.includes('sent') ? sentAt : undefined)
      }),
    )
  })
})
