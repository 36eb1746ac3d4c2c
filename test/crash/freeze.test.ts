/**
 * A worker that stands still while its sessions are taken over, and then goes on as if nothing had happened: it must do
 * nothing that anybody sees, and end. With BERTH_FULL=1 it stands still for 20 s, which outlives its lease by far.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isClean, judge } from '../chaos/judge.ts'
import { proveJudge } from '../chaos/proof.ts'
import { World } from '../worker/world.ts'
import { Group, newPod } from './group.ts'
import { Victim } from './victim.ts'

const STANDSTILL_MS = process.env.BERTH_FULL ? 20_000 : 0

describe('a worker that stands still', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
  })
  afterAll(() => world.close())

  test('does nothing visible when it goes on after its sessions were taken over', async () => {
    const group = await Group.linked(world)
    const pod = newPod()
    await group.place(pod)
    const victim = new Victim(await world.environmentOf(pod))
    try {
      await group.untilConnected(pod, () => victim.hasEnded)
      await group.talk()
      await group.untilArrived()
      await group.talk() // under way when it stops
      const from = Date.now()
      victim.signal('SIGSTOP')
      const successor = await group.takeOver(pod)
      await group.untilConnected(successor, () => false)
      const until = Date.now()
      await group.talk()
      await group.untilArrived()
      await delay(STANDSTILL_MS)
      victim.signal('SIGCONT')
      expect((await victim.ended).code).toBe(1) // its lease is refused
      await group.talk()
      await group.untilArrived()

      for (const account of group.accounts) {
        const records = { ...(await account.records()), frozen: [{ accounts: [account.number], from, until }] }
        const verdict = judge(records)
        expect(isClean(verdict), JSON.stringify(verdict, undefined, 2)).toBe(true)
        expect(proveJudge(records, verdict).missed).toEqual([])
      }
    } finally {
      await victim.kill()
    }
  }, 300_000)
})
