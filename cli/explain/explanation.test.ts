import type { Event } from '@berth/core/model/builtin.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { SessionSpec, type WhatsAppSession } from '@berth/core/model/session.ts'
import { TenantSpec } from '@berth/core/model/tenant.ts'
import { type Worker, WorkerSpec } from '@berth/core/model/worker.ts'
import { expect, test } from 'vitest'
import type { Ownership } from '../ownership.ts'
import { explain } from './explanation.ts'
import type { Snapshot } from './snapshot.ts'
import { explanationText } from './text.ts'

const NOW = new Date('2026-01-01T12:00:00Z')
const at = (secondsAgo: number): string => new Date(NOW.getTime() - secondsAgo * 1000).toISOString()

const ready = (reason: string, message = `${reason}.`) => ({
  type: 'Ready',
  status: reason === 'Connected' || reason === 'Ready' ? ('True' as const) : ('False' as const),
  reason,
  message,
  lastTransitionTime: at(600),
})

const session = (status: WhatsAppSession['status']): WhatsAppSession => ({
  metadata: { name: 'support', uid: 'uid-of-support' },
  spec: SessionSpec.parse({ tenant: 'acme' }),
  status: status!,
})

const placement = { worker: 'pro-b', podUID: 'pod', generation: 2, boundAt: at(120) }
const connected = session({
  placement,
  connection: { state: 'Connected', since: at(90), epoch: 2, phoneNumber: '+5511' },
  conditions: [ready('Connected', 'WhatsApp answers.')],
})

const worker = (name: string, reason = 'Ready'): Worker => ({
  metadata: { name },
  spec: WorkerSpec.parse({ tier: 'pro' }),
  status: { tenants: 1, capacity: { tenants: 10, sessions: 1000 }, conditions: [ready(reason)] },
})

const event = (kind: string, name: string, reason: string, message: string, secondsAgo: number): Event => ({
  metadata: { name: `${name}.${secondsAgo}` },
  involvedObject: { kind, name },
  type: reason === 'Revoked' ? 'Warning' : 'Normal',
  reason,
  message,
  lastTimestamp: at(secondsAgo),
})

const owner: Ownership = {
  generation: 2,
  wantedGeneration: 0,
  epoch: 2,
  bootId: '01234567-89ab',
  claimedAt: new Date(at(100)),
  releasedAt: null,
  worker: 'pro-b',
  renewedMsAgo: 400,
  endedAt: null,
  revokedAt: null,
  revokedReason: null,
}

const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({
  session: connected,
  tenant: { metadata: { name: 'acme' }, spec: TenantSpec.parse({ tier: 'pro' }), status: { worker: 'pro-b' } },
  tier: defaultTiers.find(({ metadata }) => metadata.name === 'pro'),
  sessions: [connected],
  workers: [worker('pro-b'), worker('pro-c')],
  events: [
    event('WhatsAppSession', 'support', 'Moved', 'From worker pro-a to pro-b: its worker died or fell silent.', 120),
    event('Worker', 'pro-a', 'Revoked', 'Its process was given up: its lease expired.', 121),
    event('Worker', 'pro-c', 'Created', 'Made for tier pro.', 300),
  ],
  ownership: { row: owner },
  ...more,
})

const text = (more: Partial<Snapshot> = {}): string => explanationText(explain(snapshot(more), NOW), NOW)

test('a session that works: where, since when, why there, and who holds it', () => {
  const said = text()
  expect(said).toMatch(/^support \(\+5511\): Connected for 1m, on worker pro-b\n {2}WhatsApp answers\.\n/)
  expect(said).toContain('Because   From worker pro-a to pro-b: its worker died or fell silent.')
  expect(said).toContain('boot 01234567 of worker pro-b, epoch 2, claimed 1m ago. Its lease was renewed 0.4 s ago.')
  expect(said).toContain('pro: 1 of 5 sessions should run')
  expect(said).not.toContain('Workers of its tier')
})

test('an update of its tier is told while it goes on or stands still', () => {
  const [reason, message] = ['Updating', '1 of 3 workers have the template as it is now.']
  const pro = structuredClone(snapshot().tier!)
  const progress = { type: 'Progressing', status: 'True' as const, reason, message, lastTransitionTime: at(5) }
  pro.status = { conditions: [progress] }
  expect(text({ tier: pro })).toContain(`Update    ${message}`)
  pro.status = { conditions: [{ ...progress, reason: 'UpToDate' }] }
  expect(text({ tier: pro })).not.toContain('Update ')
})

test('its history has what happened to the workers that it was on, in order, and to no others', () => {
  const { history } = explain(snapshot(), NOW)
  expect(history.map(({ object, reason }) => [object, reason])).toEqual([
    ['worker/pro-a', 'Revoked'],
    ['session/support', 'Moved'],
  ])
})

test('one without a place: the reason, what to do, and the workers that it might have had', () => {
  const refused = session({ conditions: [ready('NoCapacity', 'No worker of Tier pro is free.')] })
  const said = text({ session: refused, events: [], ownership: { row: { ...owner, bootId: null } } })
  expect(said).toContain('NoCapacity for 10m, placed nowhere')
  expect(said).toContain('No worker of Tier pro is free. See what is full: npm run berth -- get tiers')
  expect(said).toMatch(/Workers of its tier\n +WORKER .*\n +pro-b +Active +1 of 10 +Ready/)
  expect(said).toContain('No process has claimed it so far.')
  expect(said).toContain('History (one hour): none')
})

test('what it refers to may not exist', () => {
  const said = text({ tenant: undefined, tier: undefined, workers: [] })
  expect(said).toContain('Tenant    acme, which does not exist')
  expect(said).toContain('Worker    pro-b, which is gone')
})

test('one that the operator has not looked at yet', () => {
  expect(text({ session: session(undefined) })).toContain('NotTakenUp')
})

const ownerOf = (ownership: Snapshot['ownership']): string => explain(snapshot({ ownership }), NOW).owner

test.each<[string, Partial<Ownership>, RegExp]>([
  ['was given back', { releasedAt: new Date(at(5)) }, /^Nobody: .* gave it back 5s ago/],
  [
    'was taken from a dead boot',
    { revokedAt: new Date(at(2)), revokedReason: 'its lease expired' },
    /given up 2s ago \(its lease expired\)/,
  ],
  ['is with a boot that ended', { endedAt: new Date(at(2)) }, /ended 2s ago; the next claim succeeds/],
  ['is with a boot that is late', { renewedMsAgo: 4200 }, /renewed 4\.2 s ago, which is late/],
  ['is still elsewhere', { worker: 'pro-a' }, /It is placed on pro-b and has to leave\.$/],
  ['is waited for', { worker: 'pro-a', wantedGeneration: 3 }, /waits for it under generation 3\.$/],
])('the owner row of a session that %s', (_, more, sentence) => {
  expect(ownerOf({ row: { ...owner, ...more } })).toMatch(sentence)
})

test('without the database the rest is still told', () => {
  expect(ownerOf({ unknown: 'The database is not reachable.' })).toBe('Not known. The database is not reachable.')
  expect(ownerOf({ row: undefined })).toContain('has not taken it up')
})
