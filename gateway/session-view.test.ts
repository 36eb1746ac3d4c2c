import { describe, expect, test } from 'vitest'
import type { SessionRow } from './data/sessions.ts'
import { linkRefusal, qrRefusal, relinkRefusal, sessionView } from './session-view.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 0, 5, 10, minute))

/** Linked, connected, held. */
const row: SessionRow = {
  id: '5f0c6a3e-8f0e-5d5e-9f6e-0b7f5d1f2a3b',
  name: 'support',
  provider: 'Baileys',
  resource_name: 'acme.support',
  desired_state: 'Running',
  obstacle: null,
  created_at: at(0),
  owner_epoch: 3,
  boot_id: 'boot',
  claimed_at: at(1),
  released_at: null,
  address: 'http://worker',
  ended_at: null,
  revoked_at: null,
  state: 'Connected',
  reason: null,
  message: null,
  attempt: 0,
  since: at(2),
  phone_number: '+5511999990001',
  lid: null,
  state_epoch: 3,
}

const fresh: SessionRow = {
  ...row,
  boot_id: null,
  claimed_at: null,
  owner_epoch: 0,
  state: null,
  since: null,
  phone_number: null,
  state_epoch: null,
}

describe('the state', () => {
  const cases: [string, SessionRow, string, Date][] = [
    ['what its worker says', row, 'Connected', at(2)],
    ['not placed yet', fresh, 'Pending NotPlaced', at(0)],
    ['has no place', { ...fresh, obstacle: 'QuotaExceeded' }, 'Pending QuotaExceeded', at(0)],
    ['holds its place still', { ...row, obstacle: 'Suspended' }, 'Connected', at(2)],
    ['claimed, nothing said yet', { ...row, state_epoch: 2 }, 'Connecting Claimed', at(1)],
    ['released', { ...row, released_at: at(4) }, 'Pending Moving', at(4)],
    ['its worker was revoked', { ...row, revoked_at: at(5) }, 'Pending Moving', at(5)],
    ['its worker ended', { ...row, ended_at: at(6) }, 'Pending Moving', at(6)],
    ['logged out stays true without a worker', { ...row, state: 'LoggedOut', released_at: at(4) }, 'LoggedOut', at(2)],
    ['stopping', { ...row, desired_state: 'Stopped' }, 'Stopping Stopping', at(1)],
    ['stopped', { ...row, desired_state: 'Stopped', released_at: at(4) }, 'Stopped Stopped', at(4)],
    ['started again', { ...row, state: 'Stopped', released_at: at(4) }, 'Pending NotPlaced', at(0)],
    ['a word of a newer release', { ...row, state: 'Meditating' }, 'Failed', at(2)],
  ]
  test.each(cases)('%s', (_what, situation, expected, since) => {
    const view = sessionView(situation)
    expect([view.state, view.reason].filter(Boolean).join(' ')).toBe(expected)
    expect(view.since).toBe(since.toISOString())
    expect(view.message !== undefined, 'says why, unless all is well').toBe(view.state !== 'Connected')
  })

  test('a session that is not linked shows no phone', () => {
    expect(sessionView(row).phoneNumber).toBe('+5511999990001')
    expect(sessionView({ ...row, state: 'LoggedOut' }).phoneNumber).toBeUndefined()
  })
})

describe('what can not be done', () => {
  const cases: [string, Partial<SessionRow>, string | undefined, string | undefined][] = [
    ['connected', {}, undefined, 'session_already_linked'],
    ['reconnecting', { state: 'Disconnected' }, undefined, 'session_already_linked'],
    ['never linked', { state: 'Connecting', phone_number: null }, 'session_not_linked', undefined],
    ['waiting for the scan', { state: 'WaitingForScan', phone_number: null }, 'session_not_linked', undefined],
    ['logged out', { state: 'LoggedOut' }, 'session_logged_out', 'session_logged_out'],
    ['banned', { state: 'Banned' }, 'session_banned', 'session_banned'],
    ['failed', { state: 'Failed' }, 'session_failed', 'session_failed'],
    ['stopped', { desired_state: 'Stopped' }, 'session_stopped', 'session_stopped'],
    ['moving', { released_at: at(4) }, undefined, 'session_already_linked'],
  ]
  test.each(cases)('%s', (_what, change, link, qr) => {
    const situation = { ...row, ...change }
    expect([linkRefusal(situation), qrRefusal(situation)]).toEqual([link, qr])
  })
})

test('is linked again only where the link that there is can not be used', () => {
  const refused = [
    'Connected',
    'Connecting',
    'Disconnected',
    'Stopped',
    'LoggedOut',
    'Banned',
    'Failed',
    'UsedElsewhere',
  ]
    .map((state) => ({ ...row, state }))
    .filter((linked) => relinkRefusal(linked))
  expect(refused.map(({ state }) => state)).toEqual(['Connected', 'Connecting', 'Disconnected', 'Stopped'])
  expect(relinkRefusal({ ...row, state: 'WaitingForScan' })).toBeUndefined()
  expect(relinkRefusal(fresh)).toBeUndefined()
})
