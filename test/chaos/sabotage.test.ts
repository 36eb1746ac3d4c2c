/** The harness sees what it is there for: each promise is broken once, for real, and the judge must say so. With BERTH_FULL=1. */
import { expect, test } from 'vitest'
import { isClean, judge, type Verdict } from './judge.ts'
import type { Account } from './population.ts'
import { Saboteur } from './sabotage.ts'
import { BACK_MS, OwnTrial } from './trial.ts'
import { until } from './until.ts'

const MINUTE = 60_000

test.skipIf(!process.env.BERTH_FULL)(
  'a loss, a double, a second owner, a new QR and what webhooks fail to tell, made on purpose, are all found',
  async () => {
    const trial = await OwnTrial.start('sabotage', 4, true)
    const { installation, traffic } = trial
    const verdict = async (): Promise<Verdict> => judge(await trial.records())
    const untilVerdict = (what: string, isSo: (verdict: Verdict) => boolean) => {
      const look = async () => {
        const now = await verdict()
        return isSo(now) && now
      }
      return until(what, BACK_MS, look)
    }
    try {
      traffic.start({ in: 12, out: 8 })
      const hasTalked = ({ number }: { number: string }) => traffic.written.some(({ account }) => account === number)
      await until('something was written to everybody', BACK_MS, async () => installation.accounts.every(hasTalked))
      traffic.stop()
      await trial.untilThrough(Date.now())
      await untilVerdict('all is well', isClean)

      const saboteur = await Saboteur.create(installation, traffic)
      const [first, second, third, fourth] = installation.accounts as [Account, Account, Account, Account]
      const untold = await saboteur.loseTold(fourth)
      const lost = [await saboteur.loseReceived(first), await saboteur.loseSent(second)]
      const doubled = [await saboteur.doubleReceived(third), await saboteur.doubleSent(fourth)]
      await saboteur.overlap(first)
      await saboteur.unlink(second)
      await saboteur.end()

      const { newQr, overlappingOwners, ...found } = await untilVerdict(
        'the judge sees everything',
        (now) =>
          now.duplicated.length === 2 &&
          now.overlappingOwners.length > 0 &&
          now.newQr.length > 0 &&
          now.toldTwice.length > 0 &&
          now.untold.length === 1 &&
          now.missingNumbers.length === 1,
      )
      expect(found.lost).toHaveLength(2)
      for (const text of lost) expect(found.lost.join()).toContain(text)
      for (const text of doubled) expect(found.duplicated.join()).toContain(text)
      expect(found.untold.join()).toContain(untold)
      expect(found.missingNumbers.join()).toContain(fourth.number)
      expect(found.toldTwice).toEqual([expect.stringContaining(doubled[0]!)])
      expect(overlappingOwners.join()).toContain(installation.accounts[0]!.number)
      expect(newQr.join()).toContain(installation.accounts[1]!.number)
    } finally {
      await trial.stop()
    }
  },
  10 * MINUTE,
)
