import type { Secret } from '@berth/core/model/builtin.ts'
import { expect, test } from 'vitest'
import { Secrets } from './secrets.ts'

const secret = (value: string): Secret => ({ metadata: { name: 'keys' }, data: { KEY: value } }) as Secret

test('what the API says now counts; what it said last, when it does not answer', async () => {
  let read: () => Promise<Secret | undefined> = async () => secret('one')
  const secrets = new Secrets(() => read())
  const get = () => secrets.get('berth', 'keys')
  expect(await get()).toEqual(secret('one'))
  read = async () => secret('two')
  expect(await get()).toEqual(secret('two'))
  read = () => Promise.reject(new Error('connection refused'))
  expect(await get()).toEqual(secret('two'))
  read = () => new Promise(() => {})
  expect(await get()).toEqual(secret('two'))
  read = async () => undefined
  expect(await get()).toBeUndefined()
  read = () => Promise.reject(new Error('connection refused'))
  await expect(get()).rejects.toThrow('connection refused')
})
