/** Which processes run on which schema: those of the release before go on, start and come back on a newer one. */
import { migrate, OLDEST_SERVED, requireSchema, SCHEMA_VERSION, schemaProblem } from '@berth/core/postgres/migrate.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { openPool } from '@berth/core/postgres/pool.ts'
import { startTestPostgres } from '@berth/local/postgres/testing.ts'
import { expect, test } from 'vitest'

test.each([
  ['no schema', {}, /Run the migrations first/],
  ['an older one', { version: '0004-b', oldest: '0001-a' }, /has the schema 0004-b.*needs 0005-c. Run the migrations/],
  ['its own', { version: '0005-c', oldest: '0005-c' }, undefined],
  ['a newer one that serves it', { version: '0007-d', oldest: '0005-c' }, undefined],
  [
    'a newer one that serves it no more',
    { version: '0008-e', oldest: '0006-d' },
    /or newer; this one is of 0005-c. Upgrade/,
  ],
  ['a newer one that says nothing', { version: '0008-e' }, /Upgrade this process/],
])('a process that finds %s', (_, schema, problem) => {
  const said = schemaProblem(schema, '0005-c')
  if (problem) expect(said).toMatch(problem)
  else expect(said).toBeUndefined()
})

test('a newer database says whom it serves, and migrations of an older release leave it as it is', async () => {
  expect(OLDEST_SERVED <= SCHEMA_VERSION).toBe(true)
  const database = await startTestPostgres()
  const pools = (['berth_worker', 'berth_gateway', 'berth_operator'] as const).map((role) =>
    openPool({ url: database.url, role, application: 'test' }),
  )
  const requireAll = () => Promise.all(pools.map(requireSchema))
  const setOldest = (oldest: string) =>
    runAsOwner(database.url, `UPDATE berth_migration.served SET oldest = '${oldest}'`)
  try {
    await requireAll()
    await runAsOwner(database.url, "INSERT INTO berth_migration.applied VALUES ('9999-next', now())")
    await requireAll()
    expect(await migrate(database.url)).toEqual([])
    await setOldest('9998-later')
    await expect(migrate(database.url)).rejects.toThrow('serves releases of the schema 9998-later')
    for (const pool of pools) await expect(requireSchema(pool)).rejects.toThrow('Upgrade this process')
    await setOldest(OLDEST_SERVED)
    await requireAll()
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
    await database.close()
  }
})
