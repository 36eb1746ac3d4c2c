/**
 * A worker dies at each step of what it does in a database that went back; another one of its pod carries on. The simulator
 * judges: no key is used twice, and nobody has to scan a code. With BERTH_FULL=1 only: it takes minutes.
 */
import type { Point } from '@berth/core/failpoint/points.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judge } from '../chaos/judge.ts'
import { AFTER_RESTORE } from '../crash/cases.ts'
import { Group, newPod } from '../crash/group.ts'
import { Victim } from '../crash/victim.ts'
import { until } from '../worker/until.ts'
import { World } from '../worker/world.ts'
import { Restorable } from './restorable.ts'
import { Watchman } from './watchman.ts'

/** Done by a boot that comes after the loss; all else by one that lives through it. */
const LATER: Point = 'trust.renewed'
const HEALED = new Set(['decrypt-failed', 'retry-requested'])

describe.runIf(process.env.BERTH_FULL)('a worker in a database that went back', () => {
  let world: World
  let watchman: Watchman
  let incarnation = 1

  beforeAll(async () => {
    world = await World.start()
    const { KUBECONFIG } = await world.environmentOf(newPod())
    watchman = await Watchman.start(world.databaseUrl, KUBECONFIG!)
    await watchman.untilTrusted()
  })
  afterAll(async () => {
    await watchman?.close()
    await world?.close()
  })

  /** What was begun since then and is not where it belongs. */
  const missing = async (group: Group, from: number): Promise<string[]> => {
    const all = group.accounts.map(async (account) => {
      const { sent, written, seen, listed } = await account.records()
      const there = new Set([...seen, ...listed].map(({ text }) => text))
      return [...sent, ...written].filter(({ at, text }) => at >= from && !there.has(text)).map(({ text }) => text)
    })
    return (await Promise.all(all)).flat()
  }
  const untilThrough = async (group: Group, from: number) => {
    const through = async () => ((await missing(group, from)).length === 0 ? true : undefined)
    await until(through, 180).catch(async (error) => expect(await missing(group, from), error.message).toEqual([]))
  }

  test.each(AFTER_RESTORE)(
    'dies at %s',
    async (point) => {
      const database = new Restorable(world.databaseUrl)
      const group = await Group.linked(world)
      const pod = newPod()
      await group.place(pod)
      const armed = `${point}=crash`
      const first = new Victim(await world.environmentOf(pod), point === LATER ? undefined : armed)
      await group.untilConnected(pod, () => first.hasEnded)
      await group.talk()
      await group.untilArrived()
      await database.keep()
      await watchman.untilTrusted()
      const lostFrom = Date.now()
      await group.talk()
      await group.untilArrived()
      const lostTo = Date.now()
      if (point === LATER) await first.kill()
      await database.putBack()
      if (point !== LATER) await first.ended

      const answered = watchman.untilTrusted()
      const second = new Victim(await world.environmentOf(pod), point === LATER ? armed : undefined)
      incarnation += 1
      expect(await answered).toBe(incarnation)
      if (point === LATER) await second.ended
      const third = point === LATER ? new Victim(await world.environmentOf(pod)) : second
      await group.untilConnected(pod, () => third.hasEnded)
      const from = Date.now()
      await group.talk()
      await untilThrough(group, from)

      expect((point === LATER ? second : first).count(point)).toBeGreaterThan(0)
      for (const account of group.accounts) {
        const records = await account.records()
        const isLost = ({ at }: { at: number }) => at >= lostFrom && at <= lostTo
        const written = records.written.filter((one) => !isLost(one))
        const lost = new Set(records.written.filter(isLost).map(({ text }) => text))
        const verdict = judge({ ...records, written, listed: records.listed.filter(({ text }) => !lost.has(text)) })
        const { faults, newQr, duplicated, overlappingOwners } = verdict
        expect({ lost: verdict.lost, newQr, duplicated, overlappingOwners }).toEqual({
          lost: [],
          newQr: [],
          duplicated: [],
          overlappingOwners: [],
        })
        expect(faults.filter(({ kind }) => !HEALED.has(kind))).toEqual([])
      }
      await group.place(undefined)
      await third.kill()
    },
    420_000,
  )
})
