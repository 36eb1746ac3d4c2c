/**
 * A commit whose answer never comes: Postgres has it, the worker can't know. It must not die of it, write it twice or lose
 * what came with it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isClean, judge } from '../chaos/judge.ts'
import { World } from '../worker/world.ts'
import { Group, newPod } from './group.ts'
import { Victim } from './victim.ts'

describe('a commit without an answer', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
  })
  afterAll(() => world.close())

  test.each(['commit.sending', 'commit.committed'] as const)(
    '%s fails again and again, and all goes on',
    async (point) => {
      const group = await Group.linked(world)
      const pod = newPod()
      await group.talk()
      await group.place(pod)
      const hits = [2, 3, 5, 8, 13, 21, 34]
      const victim = new Victim(await world.environmentOf(pod), `${point}=fail@${hits.join(',')}`)
      try {
        await group.untilConnected(pod, () => victim.hasEnded)
        while (victim.count(point) < hits.length && !victim.hasEnded) {
          await group.talk()
          await group.untilArrived(() => victim.hasEnded)
        }
        expect(victim.hasEnded).toBe(false)
        for (const account of group.accounts) {
          const verdict = judge(await account.records())
          expect(isClean(verdict), JSON.stringify(verdict, undefined, 2)).toBe(true)
        }
        victim.signal('SIGTERM')
        expect((await victim.ended).code).toBe(0)
      } finally {
        await victim.kill()
      }
    },
    120_000,
  )
})
