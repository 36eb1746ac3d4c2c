/** The typed client against a real gateway: what its types promise is what comes. */

import { Berth, isProblem } from '@berth/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { World } from './world.ts'

let world: World
let berth: Berth

beforeAll(async () => {
  world = await World.start({ kubernetes: true, holds: { firstQrMs: 200, moveMs: 200 } })
  const acme = await world.addTenant('acme')
  await world.addConnected(acme, 'support')
  berth = new Berth({ url: world.url, apiKey: acme.key, retries: 0 })
})
afterAll(() => world.close())

const send = (text: string, idempotencyKey?: string) =>
  berth.sendMessage('support', { to: '+5511999990002', text }, { prefer: 'wait=5', idempotencyKey })

test('a session is created, read, stopped, started and deleted', async () => {
  expect(await berth.putSession('second')).toMatchObject({ name: 'second', desiredState: 'Running' })
  expect((await berth.stopSession('second')).desiredState).toBe('Stopped')
  expect((await berth.startSession('second')).desiredState).toBe('Running')
  expect(await Array.fromAsync(berth.allSessions({ limit: 1 }), ({ name }) => name)).toEqual(['second', 'support'])
  expect(await berth.deleteSession('second', { wait: 5 })).toMatchObject({ name: 'second', deleted: true })
  const error = await berth.getSession('second').catch((thrown) => thrown)
  expect(isProblem(error, 'session_not_found')).toBe(true)
})

test('a message is sent once under its key, and found again', async () => {
  const first = await send('Hello!', 'k1')
  expect(first.status).toBe('sent')
  expect((await send('Hello!', 'k1')).id).toBe(first.id)
  await expect(send('Something else', 'k1')).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  expect(await berth.getMessage('support', first.id)).toMatchObject({ text: 'Hello!', to: '+5511999990002' })
})

test('all messages, over the pages', async () => {
  const before = await Array.fromAsync(berth.allMessages('support'))
  const sent = []
  for (const text of ['one', 'two', 'three']) sent.unshift((await send(text)).id)
  const found = await Array.fromAsync(berth.allMessages('support', { limit: 2 }))
  expect(found.map(({ id }) => id)).toEqual([...sent, ...before.map(({ id }) => id)])
})

test('refusals carry their fields and the id that was sent', async () => {
  const call = berth.sendMessage('support', { to: 'Ana', text: '' }, { requestId: 'order-7' })
  const error = await call.catch((thrown) => thrown)
  expect(error).toMatchObject({ code: 'validation_failed', problem: { requestId: 'order-7' } })
  expect(error.problem.errors.map(({ field }: { field: string }) => field)).toEqual(['body.to', 'body.text'])
})

test('problems are explained', async () => {
  expect((await berth.explainProblem('session_moving')).remedy).toContain('Retry-After')
  expect((await berth.listProblems()).length).toBeGreaterThan(20)
})
