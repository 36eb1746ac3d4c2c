import { SessionSpec, type WhatsAppSession } from '@berth/core/model/session.ts'
import { type Tenant, TenantSpec } from '@berth/core/model/tenant.ts'
import type { OwnerView } from '@berth/core/placement/snapshot.ts'
import { expect, test } from 'vitest'
import type { StateRow } from './poll.ts'
import type { SessionFacts } from './snapshot.ts'
import { Views } from './views.ts'

const session: WhatsAppSession = {
  metadata: { name: 'support' },
  spec: SessionSpec.parse({ tenant: 'acme' }),
}
const state = (more: Partial<StateRow> = {}): StateRow => ({
  sessionId: 'id',
  state: 'Connected',
  reason: null,
  message: null,
  phoneNumber: '+55',
  epoch: 1,
  ...more,
})
const owner: OwnerView = { generation: 1, wanted: 0, podUID: 'pod', heldBy: 'pro-a' }
const facts = (more: Partial<SessionFacts> = {}): SessionFacts => ({
  leaving: false,
  owner: { ...owner },
  state: state(),
  connected: true,
  planTime: (wallMs) => wallMs,
  ...more,
})

test('a session that is as it was is the same object, though all rows were read anew', () => {
  const views = new Views()
  const first = views.session(session, facts())
  expect(views.session(session, facts())).toBe(first)
  expect(views.session(session, facts({ state: state({ epoch: 7, message: 'words' }) }))).toBe(first)
  expect(views.session({ ...session }, facts())).not.toBe(first)
})

test.each<[string, Partial<SessionFacts>]>([
  ['it leaves', { leaving: true }],
  ['something forbids it', { blocked: { reason: 'NameTaken', message: 'It is taken.' } }],
  ['it was claimed anew', { owner: { ...owner, generation: 2 } }],
  ['a claim waits', { owner: { ...owner, wanted: 2 } }],
  ['another pod has it', { owner: { ...owner, podUID: 'other' } }],
  ['nobody holds it', { owner: { ...owner, heldBy: undefined } }],
  ['nobody ever held it', { owner: undefined }],
  ['it lost its phone', { state: state({ state: 'LoggedOut' }) }],
  ['it is not connected', { connected: false }],
])('a session is another one when %s', (_, more) => {
  const views = new Views()
  const first = views.session(session, facts())
  const second = views.session(session, facts(more))
  expect(second).not.toEqual(first)
  expect(views.session(session, facts())).toEqual(first)
})

test('a tenant is the same until its resource is another', () => {
  const views = new Views()
  const tenant: Tenant = { metadata: { name: 'acme' }, spec: TenantSpec.parse({ tier: 'pro' }) }
  expect(views.tenant(tenant)).toBe(views.tenant(tenant))
  expect(views.tenant({ ...tenant })).not.toBe(views.tenant(tenant))
})
