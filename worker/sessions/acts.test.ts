import { expect, test } from 'vitest'
import { AskFailed } from '../drivers/driver.ts'
import { Acts } from './acts.ts'

test('only so many go on at once; then there is room again', async () => {
  const acts = new Acts()
  const end = Promise.withResolvers<string>()
  const many = Array.from({ length: 4 }, () => acts.run(() => end.promise))
  await expect(acts.run(async () => 'one more')).rejects.toMatchObject({ code: 'busy' })
  end.resolve('done')
  expect(await Promise.all(many)).toEqual(['done', 'done', 'done', 'done'])
  expect(await acts.run(async () => 'one more')).toBe('one more')
  expect(acts.done).toBe(5)
})

test('one that fails has come to an end, too', async () => {
  const acts = new Acts()
  const failed = acts.run(() => Promise.reject(new AskFailed('outcome_unknown', 'the connection was closed')))
  await expect(failed).rejects.toMatchObject({ code: 'outcome_unknown' })
  expect(acts.done).toBe(1)
})
