/** The simulation proves itself: a bug of each class is found within some seeds. Runs with BERTH_FULL=1. */
import { expect, test } from 'vitest'
import { PATIENCE, play } from './play.testing.ts'

test.skipIf(!process.env.BERTH_FULL)('each planted bug is found, as what it is', { timeout: PATIENCE }, async () => {
  const found = await play('--planted', '--seed', '1', '--seeds', '60')
  console.log(found)
  const as = (bug: string, invariants: string) =>
    expect(found).toMatch(new RegExp(`^${bug}: found .* as (${invariants}) `, 'm'))
  as('stale cache', 'workers|I2|I3')
  as('double take', 'I1')
  as('lost release', 'L1')
  as('epoch used again', 'I1|I2')
  as('quota race', 'quota')
  as('revocation by a clock', 'false revocation')
  as('finalizer removed too early', 'finalizer')
  as('generation used again', 'I2|L1')
  as('logins before the repair', 'doubt')
  as('a loss compared with the wrong number', 'lost unseen|keys')
})
