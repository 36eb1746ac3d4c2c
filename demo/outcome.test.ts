import { judge } from '@berth/test/chaos/judge.ts'
import { NO_RECORDS, roundWith } from '@berth/test/chaos/made-up.ts'
import { expect, test } from 'vitest'
import { chapterEnd, outcomeLines, outcomeOf } from './outcome.ts'

test('what was lost, doubled or linked anew is in the outcome', () => {
  const message = { account: '1', contact: '2', at: 1 }
  const verdict = judge({
    ...NO_RECORDS,
    sent: [{ ...message, text: 'gone', acceptedAt: 2 }],
    written: [{ ...message, text: 'twice', id: 'A' }],
    listed: ['a', 'b'].map((id) => ({ account: '1', id, text: 'twice' })),
    scansWanted: [{ at: 3, what: 'a code' }],
    webhooks: { told: [], refused: [], reached: [] },
  })
  const outcome = outcomeOf({ rounds: [], verdict })
  expect(outcome).toMatchObject({ sent: 1, delivered: 0, lost: 1, duplicated: 1, qrAfterFailover: 1, failoverMs: null })
  expect(outcomeLines(outcome).join(' ')).toContain(
    'Told by webhook 0 events, not told 2. Lost 1. Twice 1. Codes that somebody would have to scan 1.',
  )
})

test('only sessions that lost their connection count as a failover', () => {
  const rounds = [
    roundWith({
      recoveries: [
        { account: '1', connectedMs: 1500, firstInMs: 1700 },
        { account: '2', firstInMs: 90 },
      ],
    }),
  ]
  expect(outcomeOf({ rounds, verdict: judge({ ...NO_RECORDS, faults: [] }) }).failoverMs).toEqual({
    p50: 1500,
    p99: 1500,
  })
  expect(chapterEnd(rounds[0]!)).toBe(
    '1 session lost the connection, back after 1.5 s; messages flow everywhere after 1.7 s',
  )
  expect(chapterEnd(roundWith({ moved: 0, recoveries: [{ account: '1', firstOutMs: 200 }] }))).toBe(
    'no connection was lost; messages flow everywhere after 0.2 s',
  )
})
