/** Some seeds; `.ci/run` plays more of them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PATIENCE, play } from './play.testing.ts'

test('nothing goes wrong in the seeds from 1', { timeout: PATIENCE }, async () => {
  const printed = await play('--seed', '1', '--seeds', '12')
  console.log(printed)
  expect(printed).toMatch(/^12 seeds from 1, 0 went wrong; \d{5,} steps, .* [1-9]\d* claims, [1-9]\d* writes/m)
})

/** Histories that showed a bug of the real code, which is mended since. */
const HISTORIES = join(import.meta.dirname, 'histories')

test.each(readdirSync(HISTORIES))('nothing goes wrong any more in %s', { timeout: PATIENCE }, async (name) => {
  expect(await play('--replay', join(HISTORIES, name))).toMatch(/^nothing went wrong$/m)
})
