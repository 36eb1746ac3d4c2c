import { createApiKey } from '@berth/core/crypto/api-key.ts'
import { expect, test } from 'vitest'
import { Authenticator, type Caller, keyOf } from './auth.ts'

const caller: Caller = { keyId: 'k', tenantId: 't', tenantName: 'acme', suspended: false, tier: 'pro' }

test.each([
  [{ authorization: 'Bearer abc' }, 'abc'],
  [{ authorization: 'bearer  abc ' }, 'abc'],
  [{ 'x-api-key': 'abc' }, 'abc'],
  [{ authorization: 'Basic abc' }, undefined],
  [{ authorization: 'Bearer a b' }, undefined],
  [{}, undefined],
])('%j → %s', (headers, key) => expect(keyOf(headers)).toBe(key))

test('a key is looked up once, an unknown one too, and a mistyped one never', async () => {
  const { key, hash } = createApiKey()
  const unknown = createApiKey().key
  const lookups: string[] = []
  const authenticator = new Authenticator(async (asked) => {
    lookups.push(asked.toString('hex'))
    return asked.equals(hash) ? caller : undefined
  })
  const identify = (text: string) => authenticator.identify({ authorization: `Bearer ${text}` })
  for (let i = 0; i < 3; i++) {
    expect(await identify(key)).toEqual(caller)
    await expect(identify(unknown)).rejects.toMatchObject({ code: 'api_key_invalid' })
  }
  expect(lookups).toHaveLength(2)
  await expect(identify(`${key.slice(0, -1)}-`)).rejects.toMatchObject({ code: 'api_key_invalid' })
  expect(lookups).toHaveLength(2)
})
