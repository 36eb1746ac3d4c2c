/**
 * An act under the caller's Idempotency-Key is begun at most once. What was refused may be asked for again under the same key;
 * what is not known to be done stays so, until the caller has looked and chosen another key.
 */
import type { Context } from './context.ts'
import { beginAct, endAct, findAct, forgetAct, type NamedAct } from './data/idempotent-acts.ts'
import { Problem } from './problems/problem.ts'

const RETRY_AFTER_SECONDS = 2
const UNDER_WAY = 'A call with this Idempotency-Key had begun before, and its end is not known (yet).'

/** Throws what `work` throws, and Problems idempotency_key_reused, outcome_unknown. */
export async function once<T>(
  { database, log }: Pick<Context, 'database' | 'log'>,
  act: NamedAct,
  work: () => Promise<T>,
): Promise<{ answer: T; replayed: boolean }> {
  if (!(await beginAct(database, act))) {
    const before = await findAct(database, act)
    if (before && !before.isSame) throw new Problem('idempotency_key_reused')
    if (before?.answer) return { answer: before.answer as T, replayed: true }
    throw new Problem('outcome_unknown', { detail: UNDER_WAY, retryAfterSeconds: RETRY_AFTER_SECONDS })
  }
  const note = (noting: Promise<void>) => noting.catch((err) => log.warn({ err }, 'the end of an act was not noted'))
  try {
    const answer = await work()
    await note(endAct(database, act, answer))
    return { answer, replayed: false }
  } catch (error) {
    // What we did not foresee says nothing of how it ended.
    if (error instanceof Problem && error.code !== 'outcome_unknown') await note(forgetAct(database, act))
    throw error
  }
}
