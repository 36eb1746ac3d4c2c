/** Everything that is stored of a tenant's sessions, as one stream. */
import { Readable } from 'node:stream'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { decodeCursor, encodeCursor } from '../cursor.ts'
import type { StreamSlots } from '../event-stream.ts'
import { EXPORT_POSITION_FORM, type ExportPosition, exportOf, positionIn, positionText } from '../export.ts'
import { problemResponses } from '../problems/problem.ts'
import { cursorLike } from '../schemas.ts'
import { EVERYWHERE, tags } from './common.ts'

const CURSOR = encodeCursor('5f0c6a3e-8f0e-5d5e-9f6e-0b7f5d1f2a3b.message.4711')

const HOW = `One JSON object a line (NDJSON): for each session its contacts, its conversations, and its messages from the oldest on.

- \`{"kind": "contact" | "conversation" | "message", "session": …, "cursor": …, "data": …}\`: \`data\` is what the lists of that kind show
- \`{"kind": "end"}\`: the last line. An answer without it broke off: go on with the \`cursor\` of the last whole line

A record is as it is when its line is written. What comes while the export runs may be in it or not; nothing else is missing. Files are not in it: fetch them by the id in \`media\`.`

const EXAMPLE =
  '{"kind":"contact","session":"support","cursor":"NWYw…","data":{"id":"5511999990002@s.whatsapp.net","name":"Ana"}}\n{"kind":"end"}\n'

/** Text in the API document; a stream here. */
const LINES = z.custom<Readable>().meta({ type: 'string', examples: [EXAMPLE] })

export function exportRoutes(app: App, { database }: Context, streams: StreamSlots): void {
  async function* linesOf(tenantId: string, after: ExportPosition | undefined, signal: AbortSignal) {
    for await (const { kind, session, position, data } of exportOf(database, tenantId, after)) {
      signal.throwIfAborted()
      yield `${JSON.stringify({ kind, session, cursor: encodeCursor(positionText(position)), data })}\n`
    }
    yield '{"kind":"end"}\n'
  }

  app.get(
    '/export',
    {
      exposeHeadRoute: false,
      schema: {
        operationId: 'exportData',
        summary: 'Everything that is stored of your sessions',
        description: HOW,
        tags: tags.messages,
        querystring: z.strictObject({
          cursor: cursorLike(CURSOR).describe('The cursor of a line: only what comes behind it'),
        }),
        response: {
          200: {
            description: 'Lines, the last of which says that it is the last',
            content: { 'application/x-ndjson': { schema: LINES } },
          },
          ...problemResponses('too_many_streams', 'validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.caller
      const { cursor } = request.query
      const after = cursor === undefined ? undefined : positionIn(decodeCursor(cursor, EXPORT_POSITION_FORM))
      const { signal, release } = streams.take(tenantId, reply.raw)
      const lines = Readable.from(linesOf(tenantId, after, signal))
      lines.once('close', release)
      lines.once('error', (error) => {
        // The answer has begun: all that can be said is that it ends, without its last line.
        if (!signal.aborted) request.log.warn({ err: error }, 'an export broke off')
      })
      return reply.type('application/x-ndjson').send(lines)
    },
  )
}
