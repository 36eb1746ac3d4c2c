/** Messages: send and read. */
import { z } from 'zod'
import type { Caller } from '../auth.ts'
import { type Composed, compose, type Subject, subjectIdOf, withFile } from '../compose.ts'
import type { App, Context } from '../context.ts'
import { lastInbound } from '../data/channels.ts'
import {
  type Asked,
  changesOf,
  findByIdempotencyKey,
  findMessage,
  insertMessage,
  type MessageRow,
  requestHash,
} from '../data/messages.ts'
import type { SessionRow } from '../data/sessions.ts'
import { requireSession, requireUuid } from '../find.ts'
import { goneSignal } from '../gone.ts'
import { fileOf } from '../media/file-of.ts'
import { currentOf } from '../message-changes.ts'
import { Message, MessageId } from '../message-schemas.ts'
import { messageView } from '../message-view.ts'
import { MAX_TEXT_BYTES, NewMessage } from '../new-message-schemas.ts'
import { waitForOutcome } from '../outcome.ts'
import { waitOf } from '../prefer.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { needsWindow, requireSendable, requireWindow } from '../provider-rules.ts'
import { IdempotencyKey, SessionParams } from '../schemas.ts'
import { sendTimes } from '../send-times.ts'
import { LINK_REFUSALS, linkRefusal } from '../session-view.ts'
import { surroundingsOf } from '../show.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

const SendHeaders = z.object({
  'idempotency-key': IdempotencyKey(
    'Your own name for this message: the same key with the same body is the same message, however often it is sent',
  ),
  prefer: z
    .string()
    .optional()
    .describe('wait=5: answer once WhatsApp took the message, after 5 seconds at the latest (30 at most)')
    .meta({ examples: ['wait=5'] }),
})

export function messageRoutes(app: App, context: Context): void {
  const { database, limits, messageRate, waker } = context

  /** The message of an Idempotency-Key that was used before. Throws Problem idempotency_key_reused for another one's. */
  async function replay(asked: Asked): Promise<MessageRow | undefined> {
    const { idempotencyKey } = asked
    if (idempotencyKey === undefined) return undefined
    const row = await findByIdempotencyKey(database, { ...asked, idempotencyKey })
    if (row && !row.request_hash?.equals(requestHash(asked.body))) throw new Problem('idempotency_key_reused')
    return row
  }

  /** The message that a new one is about. */
  async function subjectOf({ tenantId, sessionId, body }: Asked): Promise<Subject | undefined> {
    const id = subjectIdOf(body)
    const row = id === undefined ? undefined : await findMessage(database, { tenantId, sessionId, id })
    return row && { row, current: currentOf(row, await changesOf(database, { tenantId, sessionId }, [row])) }
  }

  /** With its file, which is fetched first when it is named by its address. A message that comes to nothing counts as none. */
  async function completed(caller: Caller, body: NewMessage, composed: Composed): Promise<Composed> {
    if (!('media' in body)) return composed
    try {
      return withFile(composed, await fileOf(context, caller, body.media))
    } catch (error) {
      messageRate.refund(caller.tenantId)
      throw error
    }
  }

  /** Writes the row, unless its Idempotency-Key has one. Throws the reason why this session can't send it. */
  async function accept(caller: Caller, session: SessionRow, asked: Asked) {
    const before = await replay(asked)
    if (before) return { row: before, replayed: true }
    const refusal = linkRefusal(session)
    if (refusal) throw new Problem(refusal, session.message ? { detail: session.message } : {})
    const now = Date.now()
    const times = sendTimes(asked.body, now)
    const composed = compose(asked.body, await subjectOf(asked), now)
    requireSendable(session.provider, composed)
    if (needsWindow(session.provider, composed)) {
      requireWindow(await lastInbound(database, asked, composed.chat), times.sendAt ?? new Date(now))
    }
    const { messagesPerHour } = await limits.of(caller.tier)
    const verdict = messageRate.take(caller.tenantId, messagesPerHour)
    if (!verdict.allowed) throw new Problem('message_limit_reached', { retryAfterSeconds: verdict.resetSeconds })
    const added = await insertMessage(database, asked, await completed(caller, asked.body, composed), times)
    if (added) return { row: added, replayed: false }
    // Another request with the same key was faster.
    messageRate.refund(caller.tenantId)
    const row = await replay(asked)
    if (!row) throw new Problem('session_not_found')
    return { row, replayed: true }
  }

  app.post(
    '/sessions/:name/messages',
    {
      schema: {
        operationId: 'sendMessage',
        summary: 'Send a message',
        description:
          'The message is stored before the answer and then sent exactly once, also while the session moves or reconnects. Messages of one chat go out in the order in which they were accepted; scheduled ones when their time has come. Read the status with GET, or wait for it with "Prefer: wait=5". Reactions, edits, deletions and votes are messages, too: they name the message that they change, which shows the outcome.',
        tags: tags.messages,
        'x-headers': {
          'Idempotent-Replayed': {
            description: 'true: the message was accepted before, under this Idempotency-Key',
            schema: { type: 'string', enum: ['true'] },
          },
          'Preference-Applied': {
            description: 'The wait that was granted',
            schema: { type: 'string' },
            example: 'wait=5',
          },
        },
        params: SessionParams,
        headers: SendHeaders,
        body: NewMessage,
        response: {
          200: Message.describe('This Idempotency-Key was used before for the same message: its state now'),
          201: Message.describe('Accepted: it will be sent'),
          ...problemResponses(
            'session_not_found',
            ...LINK_REFUSALS,
            'unknown_message',
            'quote_of_another_chat',
            'message_not_changeable',
            'not_your_message',
            'edit_too_late',
            'not_with_this_provider',
            'window_closed',
            'media_not_found',
            'media_failed',
            'media_pending',
            'media_too_large',
            'media_url_failed',
            'media_unavailable',
            'idempotency_key_reused',
            'validation_failed',
            'message_limit_reached',
            ...ON_CHANGES,
          ),
        },
      },
    },
    async (request, reply) => {
      const { caller, body } = request
      if ('text' in body && Buffer.byteLength(body.text) > MAX_TEXT_BYTES) throw new Problem('payload_too_large')
      const session = await requireSession(database, caller.tenantId, request.params.name)
      const idempotencyKey = request.headers['idempotency-key']
      const accepted = await accept(caller, session, {
        tenantId: caller.tenantId,
        sessionId: session.id,
        body,
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      })
      const target = { tenantId: caller.tenantId, sessionId: session.id }
      const wait = waitOf(request.headers.prefer)
      let row = accepted.row
      if (wait === undefined) waker.wake(target)
      else {
        row = await waitForOutcome(context, target, row, wait, goneSignal(reply))
        reply.header('preference-applied', `wait=${wait}`)
      }
      if (accepted.replayed) reply.header('idempotent-replayed', 'true')
      const around = await surroundingsOf(database, target, [row])
      return reply.code(accepted.replayed ? 200 : 201).send(messageView(row, session.name, around))
    },
  )

  app.get(
    '/sessions/:name/messages/:id',
    {
      schema: {
        operationId: 'getMessage',
        summary: 'One message and its status',
        description: 'The status moves on as WhatsApp and the contact confirm it.',
        tags: tags.messages,
        params: SessionParams.extend({ id: MessageId }),
        response: {
          200: Message.describe('The message as it is now'),
          ...problemResponses('session_not_found', 'message_not_found', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { tenantId } = request.caller
      const session = await requireSession(database, tenantId, request.params.name)
      const id = requireUuid(request.params.id, 'message_not_found')
      const target = { tenantId, sessionId: session.id }
      const row = await findMessage(database, { ...target, id })
      if (!row) throw new Problem('message_not_found')
      return messageView(row, session.name, await surroundingsOf(database, target, [row]))
    },
  )
}
