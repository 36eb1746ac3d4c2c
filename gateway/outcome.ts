/** Waits until WhatsApp took a message, or refused it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from './context.ts'
import { findMessage, type MessageRow } from './data/messages.ts'
import { Problem } from './problems/problem.ts'
import type { Target } from './routing/owner.ts'

const PAUSE_MS = 100

/** What is scheduled for later is not waited for. */
const isOpen = (row: MessageRow): boolean =>
  row.queue_number !== null && (row.status === 'queued' || row.status === 'sending')

/**
 * The message once it left 'queued' and 'sending', or as it is after `seconds` or when the gateway stops. Never fails
 * because of the worker: the row is durable, and a session that moves sends it from where it goes.
 */
export async function waitForOutcome(
  { database, router, workers, stopping }: Pick<Context, 'database' | 'router' | 'workers' | 'stopping'>,
  target: Target,
  message: MessageRow,
  seconds: number,
  gone: AbortSignal,
): Promise<MessageRow> {
  const signal = AbortSignal.any([gone, stopping.signal])
  const deadline = performance.now() + seconds * 1000
  let row = message
  while (isOpen(row) && !stopping.signal.aborted) {
    const left = deadline - performance.now()
    if (left <= 0) break
    const asked = performance.now()
    await router
      .withOwner(target, { holdMs: left, repeatable: true, signal }, (owner) => {
        const wait = Math.max(0, (deadline - performance.now()) / 1000)
        return workers.wake(owner, target.sessionId, { messageId: row.id, wait }, signal)
      })
      .catch((error) => {
        if (!(error instanceof Problem) && !stopping.signal.aborted) throw error
      })
    row = (await findMessage(database, { ...target, id: row.id })) ?? row
    // A worker that answered early, with the message still open, is not asked again at once.
    const pause = Math.min(asked + PAUSE_MS, deadline) - performance.now()
    if (isOpen(row) && pause > 0) await sleep(pause)
  }
  return row
}
