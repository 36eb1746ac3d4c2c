/** Two operators: one acts, and the other takes over when it is gone. */
import { randomUUID } from 'node:crypto'
import { LeaseKind } from '@berth/core/model/kind.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { sweep } from '@berth/operator/sweep.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Installation, type RunningOperator } from './installation.ts'
import { type OperatorProcess, spawnOperator, writeKubeconfig } from './operator-process.ts'

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

test('processes: a killed leader is replaced, a stopped one hands over at once', async () => {
  await Promise.all(berth.operators.map((running) => running.stop()))
  const kubeconfig = await writeKubeconfig(berth.cluster.config)
  const env = { KUBECONFIG: kubeconfig.file, DATABASE_URL: berth.database.url, HOST: '127.0.0.1', PORT: '0' }
  const holder = async (): Promise<string | undefined> => {
    const lease = await berth.cluster.client.get(LeaseKind, 'berth-operator')
    return lease?.spec?.holderIdentity?.split('_')[0]
  }
  const spawned: OperatorProcess[] = []
  const spawn = (name: string): OperatorProcess => {
    const operator = spawnOperator({ ...env, POD_NAME: name })
    spawned.push(operator)
    return operator
  }
  try {
    const first = spawn('first')
    await berth.until('the first leads', async () => (await holder()) === 'first')
    const [second, third] = [spawn('second'), spawn('third')]
    await berth.until('the standbys run', async () =>
      [second, third].every(({ output }) => output().includes('started')),
    )
    await first.kill('SIGKILL')
    const next = await berth.until('another leads', async () => {
      const name = await holder()
      return name !== 'first' && name
    })
    await berth.createSession('after-the-kill', 'acme')
    await berth.untilConnected('after-the-kill')

    const [leader, other] = next === 'second' ? [second, third] : [third, second]
    expect(await leader.kill('SIGTERM')).toBe(0)
    expect(await holder(), 'it has given the lease back').not.toBe(next)
    await berth.until('the last one leads', async () => ![undefined, '', next].includes(await holder()))
    expect(await other.kill('SIGTERM')).toBe(0)
  } finally {
    await Promise.all(spawned.map((operator) => operator.kill('SIGKILL')))
    await kubeconfig.remove()
  }
})

test('a process without its settings names them all and ends', async () => {
  const operator = spawnOperator({ PORT: 'x' })
  expect(await operator.exited).toBe(1)
  expect(operator.output()).toContain('PORT is not right')
  expect(operator.output()).toContain('DATABASE_URL is not set')
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
