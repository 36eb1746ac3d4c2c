/** Two operators: one acts, and the other takes over when it is gone. */
import { randomUUID } from 'node:crypto'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { sweep } from '@berth/operator/sweep.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Installation, type RunningOperator } from './installation.ts'

let berth: Installation

beforeAll(async () => {
  berth = await Installation.start()
})
afterAll(() => berth?.close())

test('one leads; when it is cut off, the other takes over and nothing moves', async () => {
  const both = [berth.startOperator('one'), berth.startOperator('two')]
  const leader = await berth.until('a leader', async () => both.find(({ operator }) => operator.isLeader))
  const standby = both.find((running) => running !== leader) as RunningOperator
  await berth.createTier('pro', 'pro')
  await berth.createTenant('acme', 'pro')
  await berth.createSession('support', 'acme')
  const before = await berth.untilConnected('support')
  expect(standby.operator.isLeader).toBe(false)

  await leader.cutOff()
  await berth.until('the other leads', async () => standby.operator.isLeader)
  expect(leader.operator.isLeader).toBe(false)
  await berth.createSession('sales', 'acme')
  await berth.untilConnected('sales')
  expect((await berth.session('support'))?.status?.placement).toEqual(before.status?.placement)
})

test('the sweep removes what is long done and owned by nobody', async () => {
  const [old, recent] = [randomUUID(), randomUUID()]
  for (const [boot, age] of [
    [old, '2 days'],
    [recent, '1 hour'],
  ] as const) {
    await runAsOwner(
      berth.database.url,
      `SET ROLE berth_definer; INSERT INTO berth.worker_lease (boot_id, pod_uid, worker, address, ended_at)
       VALUES ('${boot}', '${boot}', 'w', 'a', now() - interval '${age}')`,
    )
  }
  expect((await sweep(berth.pool)).leases).toBe(1)
  const { rows } = await berth.pool.query('SELECT boot_id FROM worker_lease WHERE boot_id = ANY ($1)', [[old, recent]])
  expect(rows).toEqual([{ boot_id: recent }])
})
