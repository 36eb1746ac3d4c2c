import { ConnectionState } from '@berth/core/model/session.ts'
import { expect, test } from 'vitest'
import { adviceOn } from './advice.ts'

test.each(ConnectionState.options)('a session that is %s has advice of its own', (state) => {
  expect(adviceOn(state).remedy).not.toContain('explain session')
})

test('advice names the session and the tenant, ready to copy', () => {
  const session = { name: 'acme.support', tenant: 'acme' }
  expect(adviceOn('LoggedOut', session).remedy).toBe('Link it again: npm run berth -- sessions link acme.support')
  expect(adviceOn('Suspended', session).remedy).toContain('tenants resume acme')
})

test('a reason of a later release is for a person to read', () => {
  expect(adviceOn('SomethingNew', { name: 'a', tenant: 'b' })).toMatchObject({
    concern: 'person',
    remedy: expect.stringContaining('explain session a'),
  })
})
