/** A session moves although its holder can't ask Kubernetes: it learns from Postgres that another worker waits for it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CuttableProxy } from '../kube-client/proxy.ts'
import type { TestSession } from './test-session.ts'
import { until } from './until.ts'
import { type TestWorker, World } from './world.ts'

const PHONE = '5511900000001'
const CONTACT = '5511900000002'

describe('a worker whose Kubernetes API is away', () => {
  let world: World
  let kubernetes: CuttableProxy
  let session: TestSession
  let cutOff: TestWorker
  let other: TestWorker

  beforeAll(async () => {
    world = await World.start()
    await world.whatsapp.createPhone({ number: PHONE, name: 'Acme Support' })
    await world.whatsapp.createPhone({ number: CONTACT, name: 'Ana' })
    kubernetes = await CuttableProxy.start(world.kubernetesUrl)
    cutOff = await world.startWorker(undefined, { kubernetes: kubernetes.url })
    other = await world.startWorker()
    session = await world.addSession('support')
    await session.place(cutOff)
    await session.link(cutOff, PHONE)
  })
  afterAll(async () => {
    await world.close()
    await kubernetes.close()
  })

  const untilHeldBy = (worker: TestWorker, epoch: number) =>
    until(async () => {
      const [owner] = await world.sql<{ boot_id: string; epoch: number }>(
        'SELECT boot_id, epoch FROM session_owner WHERE session_id = $1 AND released_at IS NULL',
        session.id,
      )
      const said = await session.state()
      const isThere = owner?.boot_id === worker.bootId && owner.epoch === epoch
      return (isThere && said?.state === 'Connected' && said.epoch === epoch) || undefined
    })

  /** Each connection ends before the next one logs in. */
  const expectOneAtATime = async () => {
    const connections = (await world.whatsapp.connections({ number: PHONE })).filter(({ loginAt }) => loginAt !== null)
    for (const [i, { loginAt }] of connections.entries()) {
      if (i > 0) expect(connections[i - 1]!.closedAt).toBeLessThanOrEqual(loginAt!)
    }
  }

  test('goes on with its sessions, and hands one over that was placed elsewhere', async () => {
    kubernetes.cut()
    await session.addSend(CONTACT, 'still here')
    await session.untilMessage('still here', 'delivered')

    await session.place(other)
    await untilHeldBy(other, 2)
    await session.addSend(CONTACT, 'from the other')
    await session.untilMessage('from the other', 'delivered')
    await expectOneAtATime()
  })

  test('gets it back when it is placed there again and Kubernetes is back', async () => {
    await session.place(cutOff)
    await until(async () => {
      const rows = await world.sql(
        'SELECT FROM session_owner WHERE released_at IS NOT NULL AND session_id = $1',
        session.id,
      )
      return rows.length === 1 || undefined
    })
    kubernetes.mend()
    await untilHeldBy(cutOff, 3)
    await session.addSend(CONTACT, 'back again')
    await session.untilMessage('back again', 'delivered')
    await expectOneAtATime()
    expect(await world.whatsapp.faults()).toEqual([])
  })
})
