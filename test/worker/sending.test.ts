/**
 * Sends that are decided at the last moment: a worker dies right before, or right after, a message is taken, and it is cancelled
 * meanwhile; WhatsApp takes what is sent and never says so. With BERTH_FULL=1; what decides is tried without it, in
 * test/postgres/sends.test.ts and worker/send-probe.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Group, newPod } from '../crash/group.ts'
import { Victim } from '../crash/victim.ts'
import { until } from './until.ts'
import { World } from './world.ts'

describe.runIf(process.env.BERTH_FULL)('what is sent', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
  })
  afterAll(() => world.close())

  test.each([
    { point: 'send.taken', cancelled: true },
    { point: 'send.marked', cancelled: false },
  ] as const)(
    'cancelled after the worker died at $point: $cancelled',
    async ({ point, cancelled }) => {
      const group = await Group.linked(world)
      const [{ session, contact, number }] = group.accounts as [Group['accounts'][number]]
      const { id } = await session.addSend(contact, 'take it back')
      const pod = newPod()
      await group.place(pod)
      const victim = new Victim(await world.environmentOf(pod), `${point}=crash`)
      expect((await victim.ended).signal).toBe('SIGKILL')
      expect(await session.cancel(id)).toBe(cancelled)
      const worker = await group.takeOver(pod)
      await session.addSend(contact, 'the next one')
      await session.untilMessage('the next one', 'delivered')
      const { status, error_code } = await session.untilMessage('take it back', cancelled ? 'failed' : 'delivered')
      expect([status, error_code]).toEqual(cancelled ? ['failed', 'cancelled'] : ['delivered', null])
      const got = (await world.whatsapp.messages(contact, number)).filter(({ text }) => text === 'take it back')
      expect(got).toHaveLength(cancelled ? 0 : 1)
      expect(await world.whatsapp.faults()).toEqual([])
      await worker.stop()
    },
    300_000,
  )

  test('and never confirmed: the session is degraded, its connection is made anew, and then all arrives once', async () => {
    const group = await Group.linked(world)
    const [{ session, contact, number }, other] = group.accounts as [
      Group['accounts'][number],
      Group['accounts'][number],
    ]
    const pod = newPod()
    await group.place(pod)
    const worker = await world.startWorker(pod)
    await group.untilConnected(pod, () => false)
    const connectionsOf = async (one: string): Promise<number> =>
      (await world.whatsapp.connections()).filter(({ number }) => number === one).length
    const [before, othersBefore] = [await connectionsOf(number), await connectionsOf(other.number)]
    const lost = await world.whatsapp.disturb({
      match: { direction: 'from-device', number, tag: 'message' },
      action: { kind: 'lose' },
      count: null,
    })
    await session.addSend(contact, 'into the void')
    await until(async () => ((await session.state())?.reason === 'SendsUnconfirmed' ? true : undefined), 90)
    await world.whatsapp.removeDisturbance(lost.id)
    const told = await world.sql<{ data: object }>(
      `SELECT data FROM event WHERE session_id = $1 AND type = 'session.state' ORDER BY seq`,
      session.id,
    )
    expect(told).toContainEqual({
      data: expect.objectContaining({ state: 'Degraded', reason: 'SendsUnconfirmed', message: expect.any(String) }),
    })
    // With the second connection, if the first one still lost it.
    await until(async () => {
      const [sent] = (await session.messages()).filter(({ content }) => content.text === 'into the void')
      return sent?.status === 'delivered' || undefined
    }, 180)
    await session.untilState('Connected')
    expect(await connectionsOf(number)).toBeGreaterThan(before)
    expect(await connectionsOf(other.number)).toBe(othersBefore)
    await worker.stop()
  }, 300_000)
})
