/** Says of all sessions why nothing is done for them, and decides nothing. */
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Reason } from '@berth/core/placement/snapshot.ts'
import { each } from './each.ts'
import { SESSION_FINALIZER } from './labels.ts'
import { type Collection, hasFinalizer } from './resources.ts'
import { sessionStatus } from './status/session.ts'
import { isWritten } from './status/written.ts'

export async function tellAll(sessions: Collection<WhatsAppSession>, reason: Reason): Promise<void> {
  const now = new Date()
  await each(
    sessions.list().filter((session) => hasFinalizer(session, SESSION_FINALIZER)),
    async (session) => {
      const { id, placement } = session.status ?? {}
      const status = sessionStatus(session, { id, placement, reason, held: false }, now)
      if (!isWritten(session.status, status)) await sessions.applyStatus(session, status)
    },
  )
}
