/** Some seeds; `.ci/run` plays more of them. */
import { expect, test } from 'vitest'
import { PATIENCE, play } from './play.testing.ts'

test('nothing goes wrong in the seeds from 1', { timeout: PATIENCE }, async () => {
  const printed = await play('--seed', '1', '--seeds', '12')
  console.log(printed)
  expect(printed).toMatch(/^12 seeds from 1, 0 went wrong; \d{5,} steps, .* [1-9]\d* claims, [1-9]\d* writes/m)
})

/** Those that showed a bug of the real code, which is mended since. */
test.each(['1022', '1332'])('nothing goes wrong any more in seed %s', { timeout: PATIENCE }, async (seed) => {
  expect(await play('--seed', seed, '--seeds', '1')).toContain(`1 seeds from ${seed}, 0 went wrong`)
})
