/** A fault that the harness can cause. It is caused, lasts, and is lifted; coming back is Berth's business. */
import type { BerthUnderTest } from '../berth-under-test.ts'
import type { Installation } from '../installation.ts'
import { OwnBerth } from '../own-berth.ts'
import type { Random } from '../random.ts'
import type { Frozen } from '../records.ts'

export interface Struck {
  /** When it began; recovery is counted from here. Unix milliseconds. */
  at: number
  /** What was struck, for a person. */
  what: string
  /** Whose process was stopped, or could not be told. */
  frozen?: Frozen
}

/** Resolves when the fault is over. */
export type Strike = () => Promise<Struck>

/** Chooses what is to be struck, while everything still answers. */
export type Fault<B extends BerthUnderTest = BerthUnderTest> = (
  installation: Installation<B>,
  random: Random,
) => Promise<Strike>

export interface NamedFault<B extends BerthUnderTest = BerthUnderTest> {
  name: string
  cause: Fault<B>
  /** No session has a reason to move. */
  keepsPlaces?: boolean
}

/** Throws in a Berth of somebody else, to which nothing may be done that it does not undo itself. */
export function ownBerth({ berth }: Installation): OwnBerth {
  if (berth instanceof OwnBerth) return berth
  throw new Error('This can be done to a Berth of our own only.')
}

/** All at once; counted from the first. */
export const together =
  <B extends BerthUnderTest>(...faults: Fault<B>[]): Fault<B> =>
  async (installation, random) => {
    const strikes: Strike[] = []
    for (const aim of faults) strikes.push(await aim(installation, random))
    return async () => {
      const struck = await Promise.all(strikes.map((strike) => strike()))
      const frozen = struck.find((one) => one.frozen)?.frozen
      return {
        at: Math.min(...struck.map(({ at }) => at)),
        what: struck.map(({ what }) => what).join(' and '),
        ...(frozen && { frozen }),
      }
    }
  }

/** For a person. */
export const since = (at: number): string => `${((Date.now() - at) / 1000).toFixed(1)} s`
