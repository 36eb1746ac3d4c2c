/**
 * What is asked of WhatsApp through a session: the same question at the same time is asked once, an answer is good for a
 * while, and only so many are under way. WhatsApp bans accounts that ask too much.
 */
import { ANSWER_SECONDS, type AnswerOf, type InputOf, type Question } from '@berth/core/model/questions.ts'
import { LRUCache } from 'lru-cache'
import { AskFailed } from '../drivers/driver.ts'
import { NoAnswer, within } from '../store/within.ts'

const MAX_UNDER_WAY = 16
/** A little less than the caller waits. */
const ANSWER_MS = ANSWER_SECONDS * 1000 - 500
const CACHE_BYTES = 16 * 1024 * 1024

/** How long an answer is good; 0: it is asked each time. */
const GOOD_FOR_MS: Record<Question, number> = {
  profile: 60_000,
  contact: 60_000,
  number: 10 * 60_000,
  groups: 30_000,
  group: 30_000,
  blocked: 30_000,
  invite: 0, // any admin may have renewed it
  presence: 0,
}

/** Answers of many sessions. */
export class AnswerCache {
  readonly #answers = new LRUCache<string, { answer: unknown }>({
    maxSize: CACHE_BYTES,
    sizeCalculation: ({ answer }) => JSON.stringify(answer).length,
  })

  get(key: string): { answer: unknown } | undefined {
    return this.#answers.get(key)
  }

  set(key: string, answer: unknown, ttl: number): void {
    this.#answers.set(key, { answer }, { ttl })
  }
}

/** Of the whole process: a limit for each session would be none. */
const shared = new AnswerCache()

export class Questions {
  readonly #cache: AnswerCache
  readonly #underWay = new Map<string, Promise<unknown>>()

  constructor(cache = shared) {
    this.#cache = cache
  }

  /**
   * @param account answers of another one are not given
   * @throws AskFailed
   */
  async ask<Q extends Question>(
    account: string,
    question: Q,
    input: InputOf<Q>,
    ask: (question: Q, input: InputOf<Q>) => Promise<AnswerOf<Q>>,
  ): Promise<AnswerOf<Q>> {
    const key = JSON.stringify([account, question, input])
    const known = this.#cache.get(key)
    if (known) return known.answer as AnswerOf<Q>
    const same = this.#underWay.get(key)
    if (same) return (await same) as AnswerOf<Q>
    if (this.#underWay.size >= MAX_UNDER_WAY) {
      throw new AskFailed('busy', `${MAX_UNDER_WAY} questions of this session wait for WhatsApp already.`)
    }
    const asked = inTime(ask(question, input))
    this.#underWay.set(key, asked)
    try {
      const answer = await asked
      if (GOOD_FOR_MS[question] > 0) this.#cache.set(key, answer, GOOD_FOR_MS[question])
      return answer
    } finally {
      this.#underWay.delete(key)
    }
  }
}

async function inTime<T>(asked: Promise<T>): Promise<T> {
  try {
    return await within(ANSWER_MS, asked)
  } catch (error) {
    if (error instanceof NoAnswer) throw new AskFailed('no_answer', 'WhatsApp did not answer in time.')
    throw error
  }
}
