import { SessionSpec, type WhatsAppSession } from '@berth/core/model/session.ts'
import { type Worker, WorkerSpec } from '@berth/core/model/worker.ts'
import { expect, test } from 'vitest'
import { DrainProgress } from './drain-progress.ts'

const worker = (observedGeneration: number, placed: number): Worker => ({
  metadata: { name: 'pro-a', generation: 2 },
  spec: WorkerSpec.parse({ tier: 'pro', desiredState: 'Drained' }),
  status: { observedGeneration, sessions: { placed, connected: 0 } },
})

const session = (name: string, on: string | undefined, reason: string): WhatsAppSession => ({
  metadata: { name },
  spec: SessionSpec.parse({ tenant: 'acme' }),
  status: {
    ...(on ? { placement: { worker: on, podUID: 'uid', generation: 1, boundAt: '2026-01-01T00:00:00Z' } } : {}),
    conditions: [
      { type: 'Ready', status: 'False', reason, message: `${reason}.`, lastTransitionTime: '2026-01-01T00:00:00Z' },
    ],
  },
})

test('an empty worker is not done before the operator knows that it is to be drained', () => {
  const progress = new DrainProgress(worker(1, 0))
  expect(progress.isDone).toBe(false)
  progress.see(worker(2, 0))
  expect(progress.isDone).toBe(true)
})

test('a session has left when it is taken up elsewhere, and each step is told once', () => {
  const progress = new DrainProgress(worker(2, 2))
  expect(progress.take(session('one', 'pro-a', 'Connected'))).toBeUndefined()
  expect(progress.take(session('other', 'pro-b', 'Connected'))).toBeUndefined()
  expect(progress.take(session('one', 'pro-b', 'OwnerLost'))).toBe('one moves to pro-b')
  expect(progress.take(session('one', 'pro-b', 'OwnerLost'))).toBeUndefined()
  progress.see(worker(2, 0))
  expect(progress.isDone).toBe(false)
  expect(progress.remaining).toMatchObject([{ session: 'one', reason: 'OwnerLost' }])
  expect(progress.take(session('one', 'pro-b', 'Connecting'))).toBe('one is on pro-b')
  expect(progress.take(session('one', 'pro-b', 'Connected'))).toBeUndefined()
  expect(progress.isDone).toBe(true)
  expect(progress.moves).toEqual([{ session: 'one', to: 'pro-b' }])
})

test('one that can go nowhere is told, and keeps the drain open', () => {
  const progress = new DrainProgress(worker(2, 0))
  progress.take(session('one', 'pro-a', 'Connected'))
  expect(progress.take(session('one', 'pro-a', 'NoCapacity'))).toBe('one has to wait: NoCapacity.')
  expect(progress.take(session('one', 'pro-a', 'NoCapacity'))).toBeUndefined()
  expect(progress.isDone).toBe(false)
})

test('one that is stopped or deleted meanwhile is not waited for', () => {
  const progress = new DrainProgress(worker(2, 0))
  progress.take(session('one', 'pro-a', 'Connected'))
  progress.take(session('two', 'pro-a', 'Connected'))
  expect(progress.take(session('one', undefined, 'Stopped'))).toBe('one runs nowhere now: Stopped')
  progress.take(session('two', 'pro-a', 'Connected'), true)
  expect(progress.isDone).toBe(true)
  expect(progress.moves).toEqual([
    { session: 'one', to: undefined },
    { session: 'two', to: undefined },
  ])
})

test('one that is missing from a later list was deleted while nobody looked', () => {
  const progress = new DrainProgress(worker(2, 0))
  progress.takeAll([session('one', 'pro-a', 'Connected'), session('two', 'pro-a', 'Connected')])
  expect(progress.takeAll([session('two', 'pro-b', 'Connected')])).toEqual(['two is on pro-b'])
  expect(progress.isDone).toBe(true)
  expect(progress.moves).toContainEqual({ session: 'one', to: undefined })
})

test('a worker that is gone holds nothing', () => {
  const progress = new DrainProgress(worker(1, 3))
  progress.see(undefined)
  expect(progress.isDone).toBe(true)
})
