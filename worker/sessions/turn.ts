/** Waiting for a session's turn to log in, told to people when it takes long. */
import type { ConnectionReport } from '../drivers/driver.ts'
import type { LoginClass, LoginGate, Place } from './login-gate.ts'

/** Most logins wait for less, and say nothing. */
const TOLD_AFTER_MS = 2_000

type Words = Pick<ConnectionReport, 'state' | 'reason' | 'message'>

/** Answers the function that gives the place back. Throws the signal's reason as soon as it is aborted. */
export async function waitForTurn(
  gate: Pick<LoginGate, 'queue'>,
  who: LoginClass,
  signal: AbortSignal,
  tell: (words: Words) => void,
): Promise<() => void> {
  const ticket = gate.queue(who, signal)
  let isTold = false
  const timer = setTimeout(() => {
    isTold = true
    tell({ state: 'Connecting', reason: 'WaitingForTurn', message: messageFor(ticket.place()) })
  }, TOLD_AFTER_MS)
  try {
    const leave = await ticket.turn
    if (isTold)
      tell({ state: 'Connecting', reason: 'Connecting', message: 'Its turn has come: on its way to WhatsApp.' })
    return leave
  } finally {
    clearTimeout(timer)
  }
}

export function messageFor({ before, seconds }: Place): string {
  const others = before === 1 ? '1 session goes' : `${before} sessions go`
  const when =
    seconds === undefined ? '' : `, about ${Math.max(1, Math.round(seconds))} s from the time of this message`
  return `Waiting for its turn: logins are paced, as WhatsApp bans numbers that come back all at once. On this worker ${others} before it${when}.`
}
