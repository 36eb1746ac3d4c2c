/** How each act is done at WhatsApp through a socket, and what its refusals mean. */
import type { Act, ActAnswer, ActInput } from '@berth/core/model/acts.ts'
import { AskFailed } from '../driver.ts'
import { setBlocked } from './blocks.ts'
import { groupActs } from './group-acts.ts'
import { changeProfile, setPicture } from './profile.ts'
import type { Asking } from './questions.ts'

export type Acts = { [A in Act]: (asking: Asking, input: ActInput<A>) => Promise<ActAnswer<A>> }

const acts: Acts = { ...groupActs, changeProfile, setPicture, setBlocked }

/** Throws AskFailed. */
export async function actThrough<A extends Act>(asking: Asking, act: A, input: ActInput<A>): Promise<ActAnswer<A>> {
  try {
    return await acts[act](asking, input)
  } catch (error) {
    throw failureOf(error)
  }
}

/** What Baileys finds to be wrong before it asks WhatsApp. */
const BAD_REQUEST = 400

/** Errors of Baileys' queries carry the code of WhatsApp's answer; without one, there was none. */
function failureOf(error: unknown): AskFailed {
  if (error instanceof AskFailed) return error
  const { data, message, output } = error as { data?: unknown; message: string; output?: { statusCode?: number } }
  if (data === 429) return new AskFailed('rate_limited', 'WhatsApp wants this account to do less.')
  if (typeof data === 'number') return new AskFailed('refused', `WhatsApp refuses it (${data} ${message}).`)
  if (output?.statusCode === BAD_REQUEST) return new AskFailed('refused', `It can not be done: ${message}.`)
  return new AskFailed('outcome_unknown', `WhatsApp did not answer as it should: ${message}`)
}
