/**
 * The crash matrix: a worker is killed at every failpoint, then comes back in place, or is taken over elsewhere. Judged
 * from outside. A sample runs always, the whole with BERTH_FULL=1.
 */
import { POINTS } from '@berth/core/failpoint/points.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isClean } from '../chaos/judge.ts'
import { World } from '../worker/world.ts'
import { AFTER_RESTORE, activityOf, CASES, type Case } from './cases.ts'
import { Group } from './group.ts'
import { RECOVERIES, type Recovery, runCase } from './run-case.ts'

/** Cases that run at the same time, each with accounts of its own. */
const LANES = 4
const CASE_MS = 300_000

const matrix = CASES.flatMap((one) => RECOVERIES.map((recovery) => ({ ...one, recovery, doing: activityOf(one) })))
const chosen = process.env.BERTH_FULL ? matrix : matrix.filter(({ sample, recovery }) => sample === recovery)

describe('the crash matrix', () => {
  let world: World
  let idle: Group[] = []
  let resent = 0

  beforeAll(async () => {
    world = await World.start()
    idle = await Promise.all(Array.from({ length: LANES }, () => Group.linked(world)))
  }, 300_000)
  afterAll(async () => {
    console.log(`crash matrix: ${chosen.length} of ${matrix.length} cases ran; ${resent} copies that phones dropped`)
    await world.close()
  })

  test('reaches every point of the catalogue', () => {
    const reached = new Set<string>([...CASES.map(({ point }) => point), ...AFTER_RESTORE])
    expect(Object.keys(POINTS).filter((point) => !reached.has(point))).toEqual([])
  })

  /** Accounts of a case that failed are not used again: what is wrong with them would be held against the next one. */
  const run = async (one: Case, recovery: Recovery): Promise<void> => {
    const isLink = one.activity === 'link'
    const used = isLink || one.fresh ? undefined : idle.pop()
    const group = isLink ? await Group.create(world, 1) : (used ?? (await Group.linked(world)))
    const verdicts = await runCase(world, group, one, recovery)
    expect(verdicts.filter((verdict) => !isClean(verdict))).toEqual([])
    resent += verdicts.reduce((sum, verdict) => sum + verdict.resent, 0)
    if (!isLink && one.activity !== 'log out' && one.activity !== 'relink') idle.push(group)
  }

  test.concurrent.each(chosen)('killed during $doing at $point, $recovery', (one) => run(one, one.recovery), CASE_MS)
})
