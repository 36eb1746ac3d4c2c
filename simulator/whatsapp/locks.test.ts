import { expect, it } from 'vitest'
import { Locks } from './locks.ts'

it('lets one in at a time per key, first come, first served, and never deadlocks', async () => {
  const locks = new Locks()
  const inside = new Set<string>()
  const order: number[] = []
  const work = (keys: string[], index: number) =>
    locks.exclusive(keys, async () => {
      for (const key of keys) {
        expect(inside.has(key)).toBe(false)
        inside.add(key)
      }
      order.push(index)
      await new Promise(setImmediate)
      for (const key of keys) inside.delete(key)
    })
  await Promise.all([work(['a', 'b'], 0), work(['b', 'a'], 1), work(['a'], 2), work(['a'], 3)])
  expect(order).toEqual([0, 1, 2, 3])
})

it('goes on after a failure', async () => {
  const locks = new Locks()
  await expect(locks.exclusive(['a'], () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await locks.exclusive(['a'], async () => 'yes')).toBe('yes')
})
