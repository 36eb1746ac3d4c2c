/** Some seeds; `.ci/run` plays more of them. */
import { expect, test } from 'vitest'
import { PATIENCE, play } from './play.testing.ts'

test('nothing goes wrong in the seeds from 1', { timeout: PATIENCE }, async () => {
  const printed = await play('--seed', '1', '--seeds', '12')
  console.log(printed)
  expect(printed).toMatch(/^12 seeds from 1, 0 went wrong; \d{5,} steps, .* [1-9]\d* claims, [1-9]\d* writes/m)
})
