/** The harness sees what it is there for: each promise is broken once, for real, and the judge must say so. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Arrivals } from './arrivals.ts'
import { collect } from './collect.ts'
import { Installation } from './installation.ts'
import { isClean, judge, type Verdict } from './judge.ts'
import { OwnBerth } from './own-berth.ts'
import { type Account, population } from './population.ts'
import { Random } from './random.ts'
import { Saboteur } from './sabotage.ts'
import { ScanWatch } from './scan-watch.ts'
import { Traffic } from './traffic.ts'
import { until } from './until.ts'

const MINUTE = 60_000

test(
  'a loss, a double, a second owner and a new QR, made on purpose, are all found',
  async () => {
    const dataDir = await mkdtemp(join(process.getuid?.() === 0 ? '/var/tmp' : tmpdir(), 'berth-sabotage-'))
    const berth = await OwnBerth.start(dataDir, () => {})
    const installation = await Installation.start(berth, population(4))
    const traffic = new Traffic(installation, new Random(1))
    const arrivals = new Arrivals(installation.simulator, traffic)
    const scans = new ScanWatch(installation)
    const verdict = async (): Promise<Verdict> =>
      judge(await collect({ installation, traffic, arrivals, frozen: [], scansWanted: scans.seen }))
    const untilVerdict = (what: string, isSo: (verdict: Verdict) => boolean) => {
      const look = async () => {
        const now = await verdict()
        return isSo(now) && now
      }
      return until(what, MINUTE, look)
    }
    try {
      scans.start()
      arrivals.start()
      traffic.start({ in: 12, out: 8 })
      const hasTalked = ({ number }: { number: string }) => traffic.written.some(({ account }) => account === number)
      await until('something was written to everybody', MINUTE, async () => installation.accounts.every(hasTalked))
      traffic.stop()
      await until('all is through', MINUTE, async () => arrivals.missing(Date.now()).length === 0)
      await untilVerdict('all is well', isClean)

      const saboteur = await Saboteur.create(installation, traffic)
      const [first, second, third, fourth] = installation.accounts as [Account, Account, Account, Account]
      const lost = [await saboteur.loseReceived(first), await saboteur.loseSent(second)]
      const doubled = [await saboteur.doubleReceived(third), await saboteur.doubleSent(fourth)]
      await saboteur.overlap(first)
      await saboteur.unlink(second)
      await saboteur.end()

      const { newQr, overlappingOwners, ...found } = await untilVerdict(
        'the judge sees everything',
        (now) => now.duplicated.length === 2 && now.overlappingOwners.length > 0 && now.newQr.length > 0,
      )
      expect(found.lost).toHaveLength(2)
      for (const text of lost) expect(found.lost.join()).toContain(text)
      for (const text of doubled) expect(found.duplicated.join()).toContain(text)
      expect(overlappingOwners.join()).toContain(installation.accounts[0]!.number)
      expect(newQr.join()).toContain(installation.accounts[1]!.number)
    } finally {
      await traffic.abort()
      await arrivals.stop()
      await scans.stop()
      await installation.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  },
  5 * MINUTE,
)
