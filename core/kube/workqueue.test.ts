import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WorkQueue } from './workqueue.ts'

/** A handler that is let go by hand: each call waits until the test ends it. */
function manual() {
  const calls: { key: string; end: () => void; fail: (error: Error) => void }[] = []
  const waiters: (() => void)[] = []
  return {
    calls,
    handle: (key: string) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      calls.push({ key, end: resolve, fail: reject })
      waiters.shift()?.()
      return promise
    },
    called: () => new Promise<void>((resolve) => waiters.push(resolve)),
  }
}

test('a key waits once, and is handled once more when added while it is handled', async () => {
  const worker = manual()
  const queue = new WorkQueue({ handle: worker.handle, concurrency: 4 })
  const first = worker.called()
  queue.add('a')
  queue.add('a')
  await first
  queue.add('a')
  queue.add('a')
  expect(worker.calls.map((c) => c.key)).toEqual(['a'])
  const second = worker.called()
  worker.calls[0]?.end()
  await second
  worker.calls[1]?.end()
  await queue.idle()
  expect(worker.calls).toHaveLength(2)
})

test('a key that fails comes again, later each time, and is forgotten when it succeeds', async () => {
  const seen: number[] = []
  const queue: WorkQueue = new WorkQueue({
    backoff: { baseMs: 1, maxMs: 8 },
    handle: async (key) => {
      seen.push(queue.failures(key))
      if (seen.length < 4) throw new Error('not yet')
      done.resolve()
    },
  })
  const done = Promise.withResolvers<void>()
  queue.add('a')
  await done.promise
  await queue.idle()
  expect(seen).toEqual([0, 1, 2, 3])
  expect(queue.failures('a')).toBe(0)
})

test('a time that is set is brought forward, never put off', async () => {
  const worker = manual()
  const queue = new WorkQueue({ handle: worker.handle })
  const called = worker.called()
  queue.addAfter('a', 60_000)
  queue.addAfter('a', 5)
  queue.addAfter('a', 60_000)
  await called
  worker.calls[0]?.end()
  await queue.idle()
  expect(worker.calls).toHaveLength(1)
})

test('stop waits for what is being handled, and drops the rest', async () => {
  const worker = manual()
  const queue = new WorkQueue({ handle: worker.handle })
  const called = worker.called()
  for (const key of ['a', 'b', 'c']) queue.add(key)
  queue.addAfter('d', 1)
  await called
  let stopped = false
  const stopping = queue.stop().then(() => {
    stopped = true
  })
  queue.add('e')
  await new Promise(setImmediate)
  expect(stopped).toBe(false)
  worker.calls[0]?.fail(new Error('late'))
  await stopping
  expect(worker.calls.map((c) => c.key)).toEqual(['a'])
})

test('never two at once for a key, never more than allowed in all, and nothing added is left unhandled', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
      async (keys, concurrency, failures) => {
        const running = new Set<string>()
        const handledAt = new Map<string, number>()
        let clock = 0
        let calls = 0
        const queue = new WorkQueue({
          concurrency,
          backoff: { baseMs: 0, maxMs: 0 },
          handle: async (key) => {
            expect(running.has(key)).toBe(false)
            expect(running.size).toBeLessThan(concurrency)
            running.add(key)
            handledAt.set(key, clock++)
            await new Promise(setImmediate)
            running.delete(key)
            if (failures[calls++]) throw new Error('now and then')
          },
        })
        const addedAt = new Map<string, number>()
        for (const key of keys) {
          addedAt.set(key, clock++)
          queue.add(key)
          if (clock % 3 === 0) await new Promise(setImmediate)
        }
        await queue.idle()
        for (const [key, at] of addedAt) expect(handledAt.get(key)).toBeGreaterThan(at)
        await queue.stop()
      },
    ),
    { numRuns: 30 },
  )
})
