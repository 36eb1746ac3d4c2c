/** The acts of one session: only so many at once, and none without an end. */
import { ANSWER_SECONDS } from '@berth/core/model/questions.ts'
import { AskFailed } from '../drivers/driver.ts'
import { NoAnswer, within } from '../store/within.ts'

const MAX_UNDER_WAY = 4
/** A little less than the caller waits. */
const ANSWER_MS = ANSWER_SECONDS * 1000 - 500

export class Acts {
  #underWay = 0
  #done = 0

  /** How many came to an end, whatever it was. */
  get done(): number {
    return this.#done
  }

  /** As `act` settles. Throws AskFailed: busy, or outcome_unknown when it takes too long. */
  async run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#underWay >= MAX_UNDER_WAY) {
      throw new AskFailed('busy', `${MAX_UNDER_WAY} acts of this session wait for WhatsApp already.`)
    }
    this.#underWay += 1
    try {
      return await within(ANSWER_MS, act())
    } catch (error) {
      if (error instanceof NoAnswer) throw new AskFailed('outcome_unknown', 'WhatsApp did not answer in time.')
      throw error
    } finally {
      this.#underWay -= 1
      this.#done += 1
    }
  }
}
